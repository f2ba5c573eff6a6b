"""Advisory locks: one worker at a time on a collection's derived rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from django.db import Error, connection

from collections_app.models import Document


@contextmanager
def only_one(name: str) -> Iterator[bool]:
    """True inside for the holder, False at once where another connection holds it.

    The lock belongs to the connection: it outlives transactions and falls with a crash.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            # A connection that broke has given its lock back already.
            with suppress(Error), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def hold(name: str) -> None:
    """Wait for the lock and keep it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def hold_derived(collection_id: int) -> None:
    """Taken by whoever writes or deletes pairs and members, so that none points nowhere."""
    hold(f"derived:{collection_id}")


def hold_derived_of(document_ids: Sequence[int]) -> None:
    """The same for every collection that these documents are in, always in one order."""
    rows = Document.objects.filter(pk__in=document_ids).order_by("collection")
    for collection_id in rows.values_list("collection", flat=True).distinct():
        hold_derived(collection_id)
