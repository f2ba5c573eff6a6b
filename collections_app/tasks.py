"""Wake-up calls for the workers. Losing one or getting it twice changes nothing."""

import logging
import time

from celery import shared_task

from collections_app import changes, ingest, partial_files, probes, purge, sources, storage
from collections_app.batches import batched
from collections_app.models import Document
from collections_app.wake import call, call_on_commit

logger = logging.getLogger(__name__)

SLICE_SECONDS = 20  # then other tasks get their turn
URGENT_SECONDS = 5  # on the queue of what somebody waits for (the setting CELERY_TASK_ROUTES)
RUN_SECONDS = 120  # longer: a run that is taken up again lists its source anew
NIGHTLY_BATCH = 1000
SWEEP_PAUSE = 0.5  # seconds
_swept: dict[str, float] = {}  # when this process last swept


@shared_task
def embed_pending() -> None:
    """Embed what waits, for a while, or else help with changes of models; the next call goes on."""
    if ingest.work(SLICE_SECONDS) or changes.work(SLICE_SECONDS):
        call(embed_pending)


@shared_task
def change_models() -> None:
    """Embed for models beside those that are searched, and drop what changes left, for a
    while; the next call goes on."""
    if changes.work(URGENT_SECONDS):
        call(change_models)


@shared_task
def run_sources() -> None:
    """Work on runs of sources for a while; the next call goes on."""
    if sources.work(RUN_SECONDS, lambda: call_on_commit(embed_pending)):
        call(run_sources)


@shared_task
def probe_models() -> None:
    """Try embedding models that were registered or are to be tried again."""
    probes.work()


@shared_task
def sweep() -> None:
    """Every 20 s: expired leases, missed wake-ups, sources that are due, unused files,
    deleted collections, postings to be put together or counted anew.

    Its messages never expire, for the clocks of two machines may differ; of those that piled
    up while no worker ran, all but the first are done with at once.
    """
    if time.monotonic() - _swept.get("at", -SWEEP_PAUSE) < SWEEP_PAUSE:
        return
    _swept["at"] = time.monotonic()
    if ingest.sweep():
        call(embed_pending)
    if changes.sweep():
        call(change_models)
        call(embed_pending)  # which helps
    if sources.sweep():
        call(run_sources)
    if probes.sweep():
        call(probe_models)
    if ingest.to_merge():
        call(merge_postings)
    if ingest.to_reterm().exists():
        call(reterm_postings)
    partial_files.sweep()
    if purge.waiting().exists():
        call(purge_deleted)


@shared_task
def merge_postings() -> None:
    """Keep the postings of a term together, for a while; the sweep calls again."""
    ingest.merge(SLICE_SECONDS)


@shared_task
def reterm_postings() -> None:
    """Count the keyword terms of old collections anew, for a while; the sweep calls again."""
    ingest.reterm(SLICE_SECONDS)


@shared_task
def purge_deleted() -> None:
    """Remove the rows of deleted collections, for a while; the next call goes on."""
    if purge.work(SLICE_SECONDS):
        call(purge_deleted)


@shared_task
def nightly_check() -> None:
    """Queue every document whose vectors are not those of its collection's model."""
    storage.sweep_files()
    ingest.clean()
    found = list(ingest.outdated().values_list("pk", flat=True))
    for ids in batched(found, NIGHTLY_BATCH):
        Document.objects.filter(pk__in=ids).update(**ingest.requeued())
    if found:
        logger.warning("%d documents had no current vectors.", len(found))
        call(embed_pending)
