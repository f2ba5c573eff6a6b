"""Runs as a queue of record: every change of a run's state, and what a worker may claim.

A worker's changes count only while the row carries the token of the worker's claim.
"""

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from collections_app.ingest.claim import Lease, lease_end
from collections_app.models import Run, Source

logger = logging.getLogger(__name__)

BACKOFF_SECONDS = 30  # before the second attempt; four times as long before each later one
ERROR_LENGTH = 2000
FREE: dict[str, Any] = {
    "claim_token": None,
    "lease_until": None,
    "attempts": 0,
    "not_before": None,
    "error": "",
}
OPEN = (Run.State.QUEUED, Run.State.RUNNING, Run.State.PAUSED, Run.State.ASKING)


class Lost(Exception):  # noqa: N818 - a statement about the claim
    """The run is another's by now, or was paused or cancelled."""


def is_open() -> Q:
    return Q(state__in=OPEN)


def ended(state: Run.State, error: str = "") -> dict[str, Any]:
    """What the end of a run sets."""
    return FREE | {"state": state, "finished": Now(), "error": error[:ERROR_LENGTH]}


def held() -> QuerySet[Run]:
    """Runs that a worker holds now, by the database's clock."""
    return Run.objects.filter(state=Run.State.RUNNING, lease_until__gte=Now())


def waiting() -> QuerySet[Run]:
    """Runs that a worker may claim now."""
    return Run.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=Now()),
        Q(not_before=None) | Q(not_before__lte=Now()),
        source__collection__owner__isnull=False,  # else it is being deleted
        state__in=[Run.State.QUEUED, Run.State.RUNNING],
        attempts__lt=settings.MAX_ATTEMPTS,
    )


@transaction.atomic
def claim(run_id: int | None = None) -> Run | None:
    """The run that made no progress for longest, or this one, with a fresh token and lease.

    None when nothing waits, or where as many are at work as SOURCE_RUNS allows.
    """
    if run_id is None and held().count() >= settings.SOURCE_RUNS:
        return None
    rows = waiting() if run_id is None else waiting().filter(pk=run_id)
    order = F("progressed").asc(nulls_first=True)
    found = rows.order_by(order, "pk").select_for_update(skip_locked=True, of=("self",)).first()
    if found is None:
        return None
    Run.objects.filter(pk=found.pk).update(
        state=Run.State.RUNNING,
        attempts=F("attempts") + 1,
        claim_token=uuid.uuid4(),
        lease_until=lease_end(),
        started=Coalesce("started", Now()),
    )
    return Run.objects.select_related("source__collection", "source__blob").get(pk=found.pk)


def lock(run: Run) -> Run:
    """The row as it stands, locked to the transaction's end; raises Lost if it is not ours."""
    rows = Run.objects.select_for_update().filter(pk=run.pk, claim_token=run.claim_token)
    current = rows.filter(state=Run.State.RUNNING).first()
    if run.claim_token is None or current is None:
        raise Lost
    return current


def update(run: Run, **changes: Any) -> bool:
    """Change the row while it is ours; whether it was."""
    rows = Run.objects.filter(pk=run.pk, claim_token=run.claim_token, state=Run.State.RUNNING)
    return run.claim_token is not None and rows.update(**changes) > 0


def release(run: Run) -> None:
    """Let another worker, or this one later, go on."""
    update(run, claim_token=None, lease_until=None, attempts=0)


def postpone(run: Run, reason: str, seconds: float | None = None) -> None:
    """Try again later: after `seconds` where the server named them, at no cost of an attempt;
    else with growing pauses, and give up after the last attempt."""
    free = {"claim_token": None, "lease_until": None, "error": reason[:ERROR_LENGTH]}
    if seconds is not None:
        update(run, **free, attempts=0, not_before=Now() + timedelta(seconds=seconds))
    elif run.attempts >= settings.MAX_ATTEMPTS:
        update(run, **ended(Run.State.FAILED, reason))
    else:
        wait = BACKOFF_SECONDS * 4 ** max(0, run.attempts - 1)
        update(run, **free, not_before=Now() + timedelta(seconds=wait))


def sweep() -> bool:
    """Queue what is due, give up runs whose workers died every time; True when runs wait."""
    for source in Source.objects.filter(next_run__lte=Now(), collection__owner__isnull=False):
        _queue_due(source)
    stopped = Run.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=Now()),
        state__in=[Run.State.QUEUED, Run.State.RUNNING],
        attempts__gte=settings.MAX_ATTEMPTS,
    )
    stopped.update(
        **ended(
            Run.State.FAILED,
            f"The worker stopped {settings.MAX_ATTEMPTS} times while it was at this run. "
            "Its log may say why; run it again.",
        )
    )
    return waiting().exists()


def _queue_due(source: Source) -> None:
    """A run for a source whose time has come; none while another is open."""
    every = timedelta(minutes=source.every_minutes or 0)
    later = Now() + every if every else None
    due = Source.objects.filter(pk=source.pk, next_run__lte=Now())
    with transaction.atomic():
        if not due.update(next_run=later):
            return  # another sweep was here
        try:
            with transaction.atomic():
                Run.objects.create(source=source)
        except IntegrityError:
            logger.info("Source %d is due, but a run of it is still open.", source.pk)


def lease(run: Run) -> Lease:
    """While inside, the lease of the run is extended."""
    return Lease(lambda: update(run, lease_until=lease_end()))
