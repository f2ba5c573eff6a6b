"""Sources and their runs: made, changed, deleted, started, paused, confirmed."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from collections_app import purge, tasks
from collections_app.batches import batched
from collections_app.intake.code import of_files
from collections_app.models import Blob, Collection, Document, Run, Source, SourceItem
from collections_app.sources import kinds, queue
from collections_app.sources.secrets import seal
from collections_app.storage import Rejected, remove_unused
from collections_app.wake import call_on_commit

LEAST_MINUTES = 5
MOST_MINUTES = 60 * 24 * 366
NAME_LENGTH = 200
CHUNK = 2000

Json = dict[str, Any]


def create_source(
    collection: Collection,
    kind: str,
    name: str,
    options: Json,
    *,
    secrets: Json | None = None,
    every_minutes: int | None = None,
    blob: Blob | None = None,
) -> Source:
    """A new source, which has not run yet: `request_run` starts it.

    Raises Rejected for a kind, name, option, secret or schedule that cannot be.
    """
    source = Source(collection=collection, kind=kind, name=_name(name), blob=blob)
    source.options = kinds.cleaned(kind, options, blob)
    source.secrets = seal(kinds.cleaned_secrets(kind, secrets or {}))
    _schedule(source, every_minutes)
    _save(source)
    return source


def change_source(
    source: Source,
    *,
    name: str | None = None,
    options: Json | None = None,
    secrets: Json | None = None,
    every_minutes: int | None = None,
    scheduled: bool = True,
) -> Source:
    """Change what is given; `secrets` takes the place of all secrets.

    `every_minutes` None leaves the schedule, `scheduled=False` ends it. The next run asks for
    every item anew where options changed. Raises Rejected as `create_source` does.
    """
    if name is not None:
        source.name = _name(name)
    cleaned = kinds.cleaned(source.kind, options, source.blob) if options is not None else None
    anew = cleaned is not None and cleaned != source.options
    source.options = source.options if cleaned is None else cleaned
    if secrets is not None:
        source.secrets = seal(kinds.cleaned_secrets(source.kind, secrets))
    if every_minutes is not None or not scheduled:
        _schedule(source, every_minutes if scheduled else None)
    with transaction.atomic():
        _save(source)
        if anew:
            source.items.update(validators={})
    return source


def delete_source(source: Source, keep_documents: bool) -> int:
    """Delete a source with its runs, and its documents unless kept; how many of these went."""
    source.runs.filter(queue.is_open()).update(**queue.ended(Run.State.CANCELLED))
    removed = 0
    if not keep_documents:
        ids = list(source.items.values_list("external_id", flat=True))
        for chunk in batched(ids, CHUNK):
            rows = Document.objects.filter(collection=source.collection_id)
            removed += purge.delete(of_files(rows, chunk))
    blob_id = source.blob_id
    source.delete()
    if blob_id:
        transaction.on_commit(lambda: remove_unused([blob_id]), robust=True)
    return removed


def request_run(source: Source) -> Run:
    """Queue a run. Raises Rejected while another of the source is not at its end."""
    try:
        with transaction.atomic():
            run = Run.objects.create(source=source)
            call_on_commit(tasks.run_sources)
    except IntegrityError as error:
        raise Rejected(
            _("A run of this source is not at its end yet. Wait for it or cancel it.")
        ) from error
    return run


def retry_failed(source: Source) -> Run:
    """Queue a run that asks again for what failed in the last one; what is known and stands
    costs nothing. Raises Rejected as `request_run` does, and where there has been no run."""
    last = source.runs.first()
    if last is None:
        raise Rejected(_("This source has not run yet."))
    with transaction.atomic():
        failed = last.problems.values("external_id")
        SourceItem.objects.filter(source=source, external_id__in=failed).update(validators={})
        return request_run(source)


def confirm_run(run: Run) -> Run:
    """Let a run that asked remove what its source no longer has."""
    changes = queue.FREE | {"state": Run.State.QUEUED, "cursor": run.cursor | {"confirmed": True}}
    return _turn(
        run, Q(state=Run.State.ASKING), changes, _("This run does not wait for your word.")
    )


def pause_run(run: Run) -> Run:
    """Stop a run where it is; `resume_run` goes on from there."""
    states = Q(state__in=[Run.State.QUEUED, Run.State.RUNNING])
    changes = queue.FREE | {"state": Run.State.PAUSED}
    return _turn(run, states, changes, _("Only a run that waits or runs can be paused."))


def resume_run(run: Run) -> Run:
    """Let a paused run go on where it stopped."""
    changes = queue.FREE | {"state": Run.State.QUEUED}
    return _turn(run, Q(state=Run.State.PAUSED), changes, _("This run is not paused."))


def cancel_run(run: Run) -> Run:
    """End a run; what it has done stays, and nothing is removed."""
    changes = queue.ended(Run.State.CANCELLED)
    return _turn(run, queue.is_open(), changes, _("This run is at its end already."))


def _turn(run: Run, states: Q, changes: Json, otherwise: str) -> Run:
    """Change the run if its state is one of these. A worker at it loses its claim."""
    with transaction.atomic():
        if not Run.objects.filter(states, pk=run.pk).update(**changes):
            raise Rejected(otherwise)
        call_on_commit(tasks.run_sources)
    run.refresh_from_db()
    return run


def _name(name: str) -> str:
    name = name.strip()
    if not name:
        raise Rejected(_("Give the source a name."))
    if len(name) > NAME_LENGTH or not name.isprintable():
        raise Rejected(
            _("The name must be at most %(most)d characters, without control characters.")
            % {"most": NAME_LENGTH}
        )
    return name


def _schedule(source: Source, every_minutes: int | None) -> None:
    if every_minutes is not None and not LEAST_MINUTES <= every_minutes <= MOST_MINUTES:
        raise Rejected(
            _("A source runs every %(least)d minutes at most, and once a year at least.")
            % {"least": LEAST_MINUTES}
        )
    if every_minutes is not None and source.kind == Source.Kind.FILE:
        raise Rejected(_("An uploaded file never changes: it needs no schedule."))
    source.every_minutes = every_minutes
    source.next_run = None if every_minutes is None else Now() + timedelta(minutes=every_minutes)


def _save(source: Source) -> None:
    try:
        with transaction.atomic():
            source.save()
    except IntegrityError as error:
        raise Rejected(
            _("The collection has a source named “%(name)s” already.") % {"name": source.name}
        ) from error
    source.refresh_from_db(fields=["next_run"])
