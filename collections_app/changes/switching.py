"""Switching to the model beside, back again, and the ends of a change."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg.errors import LockNotAvailable

from collections_app import ingest
from collections_app.changes.queue import FRESH
from collections_app.changes.settling import missing
from collections_app.ingest import shadows
from collections_app.models import Collection, Document, ModelChange, Shadow
from collections_app.storage import Rejected

PATIENCE_SECONDS = 10  # with workers that are committing
State = ModelChange.State


class NotAllThere(Rejected):
    """`count` documents would not be found after the switch."""

    def __init__(self, count: int) -> None:
        super().__init__(
            ngettext(
                "%(count)d document is not there under the other model and would not be found. "
                "Wait for it, mend it, or switch although it is missing.",
                "%(count)d documents are not there under the other model and would not be found. "
                "Wait for them, mend them, or switch although they are missing.",
                count,
            )
            % {"count": count}
        )
        self.count = count


def switch(change: ModelChange, *, although_missing: bool = False) -> ModelChange:
    """Search under the new model from now on; the old one's passages are kept up beside it.

    What is missing is queued for the new model. Raises Rejected where it is not ready, and
    NotAllThere where documents are missing and that is not accepted.
    """
    with _held(change) as held:
        if held.state != State.READY:
            raise Rejected(_not_ready(held))
        _swap(held, although_missing, beside=held.old_id, state=State.SWITCHED, switched_at=Now())
    change.refresh_from_db()
    return change


def roll_back(change: ModelChange, *, although_missing: bool = False) -> ModelChange:
    """Search under the old model again; the new one's passages are kept up beside it, so that
    one can switch again. Raises Rejected and NotAllThere as `switch` does."""
    with _held(change) as held:
        if held.state != State.SWITCHED:
            raise Rejected(_("There is nothing to roll back: the old vectors are gone."))
        _swap(held, although_missing, beside=held.new_id, state=State.READY, rolled_back_at=Now())
    change.refresh_from_db()
    return change


def cancel(change: ModelChange) -> None:
    """Stay with the old model; what was made for the new one goes, in the background."""
    with _held(change) as held:
        if held.state not in (State.BUILDING, State.READY, State.FAILED):
            raise Rejected(_("It has been switched: roll it back first, then cancel it."))
        ModelChange.objects.filter(pk=held.pk).update(state=State.CANCELLING)
    change.refresh_from_db()


def drop(change: ModelChange) -> None:
    """Stay with the new model; what the old one had goes, in the background."""
    with _held(change) as held:
        if held.state != State.SWITCHED:
            raise Rejected(_("Only after a switch can the old vectors be dropped."))
        ModelChange.objects.filter(pk=held.pk).update(state=State.DROPPING)
    change.refresh_from_db()


@transaction.atomic
def retry(change: ModelChange) -> int:
    """Give documents that were set aside in this change a fresh start; how many."""
    rows = change.shadows.filter(state=Shadow.State.SET_ASIDE).order_by("pk")
    ids = list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
    count = Shadow.objects.filter(pk__in=ids).update(**FRESH)
    again = ModelChange.objects.filter(pk=change.pk, state__in=(State.FAILED, State.READY))
    if count:
        again.update(state=State.BUILDING, error="")
    return count


@contextmanager
def _held(change: ModelChange) -> Iterator[ModelChange]:
    """The change as it is now; no worker commits passages of its collection inside."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('lock_timeout', %s, true)", [f"{PATIENCE_SECONDS}s"]
                )
            shadows.hold(change.collection_id)
            rows = ModelChange.objects.select_for_update(of=("self",), no_key=True)
            held = rows.filter(pk=change.pk, collection__owner__isnull=False).first()
            if held is None:
                raise Rejected(_("The collection has been deleted."))
            yield held
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Rejected(_("A worker is still writing. Try again in a moment.")) from error
        raise


def _swap(change: ModelChange, although_missing: bool, **changes: object) -> None:
    """The model beside becomes the one that is searched, and the other way round."""
    lacking = list(missing(change).values_list("pk", flat=True))
    if lacking and not although_missing:
        raise NotAllThere(len(lacking))
    Collection.objects.filter(pk=change.collection_id).update(
        embedding_model=change.beside_id, updated=Now()
    )
    ModelChange.objects.filter(pk=change.pk).update(left_out=len(lacking), **changes)
    # Of every document in this queue the other model has passages: those that were searched.
    unfinished = change.shadows.exclude(state=Shadow.State.DONE)
    unfinished.update(**FRESH | {"state": Shadow.State.DONE})
    ready = Document.objects.filter(pk__in=lacking, state=Document.State.READY)
    ready.update(**ingest.requeued())


def _not_ready(change: ModelChange) -> str:
    if change.state == State.BUILDING:
        return _("It is not ready: the new model's passages are still being made.")
    if change.state == State.FAILED:
        return _("The change has failed: no document could be embedded. See the reasons there.")
    return _("This change has been switched or ended already.")
