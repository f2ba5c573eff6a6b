"""Taking documents off the queue, and holding them while the work lasts."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Self, TypeVar

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import BigIntegerField, F, Func, QuerySet, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce, Now

from collections_app.ingest import presence
from collections_app.ingest.states import due, open_collections
from collections_app.models import Document, Shadow

logger = logging.getLogger(__name__)

Row = TypeVar("Row", Document, Shadow)

# Columns that no worker looks at.
UNREAD = ("created", "updated", "lease_until", "not_before", "stages", "error_place")
CLAIM_BYTES = 16 * 1024 * 1024  # of content in one claim, about: memory stays flat
FEW = 256  # documents; more go in one claim where they are short: rows of a few words
SHORT_BYTES = 128 * 1024
# Goes on while this process is halted and, where the system has it, while the machine sleeps.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@transaction.atomic
def claim(limit: int, collection_id: int | None = None) -> list[Document]:
    """Up to `limit` documents, oldest first, that carry a fresh token now.

    The attempt is counted here, so a document that kills its worker is counted too. One
    that was tried before waits for the new ones and is then claimed alone: if it is the
    one that kills workers, it takes no other with it.
    """
    token = uuid.uuid4()
    wanted = (
        open_collections() if collection_id is None else open_collections().filter(pk=collection_id)
    )
    free = due().filter(collection__in=list(wanted.values_list("pk", flat=True)))
    ids = first(_in_order(free.filter(attempts=0, not_before=None)), limit)
    ids = ids or first(_in_order(free.filter(attempts__gt=0)), 1)
    if not ids:
        return []
    presence.sign_on(token)
    claimed = Document.objects.filter(pk__any=ids)
    claimed.update(attempts=F("attempts") + 1, claim_token=token, lease_until=lease_end())
    rows = claimed.select_related("blob").order_by("pk").defer(*UNREAD)
    return list(rows.prefetch_related("collection__embedding_model"))  # each once, not per row


def _in_order(rows: QuerySet[Document]) -> QuerySet[Document]:
    """As the index of the queue has them, so that nothing is sorted, and without a join: the
    planner hardly knows how many wait, and would go through all of them for each claim."""
    return rows.order_by("not_before", "pk").select_for_update(skip_locked=True, of=("self",))


def first(rows: QuerySet[Any], limit: int, of: str = "") -> list[int]:
    """The first of the rows: `limit` of them, or `CLAIM_BYTES`, but one at least, and no
    more than FEW of them but short ones.

    They are documents, or have them as `of` says ("document__").
    """
    sizes = [_octets(f"{of}body"), _octets(f"{of}text"), Coalesce(f"{of}blob__size", Value(0))]
    ids: list[int] = []
    total = 0
    for pk, *parts in rows.values_list("pk", *sizes)[:limit]:
        total += sum(parts)
        if ids and total > (CLAIM_BYTES if len(ids) < FEW else SHORT_BYTES):
            break
        ids.append(pk)
    return ids


def _octets(column: str) -> Coalesce:
    """Its bytes, which the database knows without reading a long value."""
    octets = Func(F(column), function="octet_length", output_field=BigIntegerField())
    return Coalesce(octets, Value(0))


def lease_end() -> CombinedExpression:
    """When a lease taken now ends, by the database's clock."""
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


def _now() -> float:
    return time.clock_gettime(_CLOCK)


class Lease:
    """While inside, a thread of its own calls `extend`, three times in the length of a lease."""

    def __init__(self, extend: Callable[[], object]) -> None:
        self._extend = extend
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="lease")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(settings.LEASE_SECONDS / 3):
            try:
                self._extend()
            except DatabaseError as error:
                logger.warning("The lease could not be extended: %s", error)
            finally:
                connection.close()  # this thread's own; beats are far apart


@dataclass
class _Held:
    """A claim, whose lease began at `since` or later."""

    token: uuid.UUID
    since: float


class Leases(Lease, Generic[Row]):
    """While inside, the leases of the claims that are held are extended: rows of `claimed`
    that carry their tokens."""

    def __init__(self, claimed: type[Row]) -> None:
        super().__init__(self._extend_held)
        self._claimed: type[Row] = claimed
        self._held: list[_Held] = []

    def take(self, claim: Callable[[], list[Row]]) -> list[Row]:
        """What `claim` takes is held. The claim before stays held, earlier ones do not."""
        began = _now()
        rows = claim()
        if rows and rows[0].claim_token:
            done = self._held[:-1]
            self._held = [*self._held[-1:], _Held(rows[0].claim_token, began)]
            for one in done:
                presence.sign_off(one.token)
        return rows

    def kept(self, ids: Iterable[int]) -> set[int]:
        """Those of the rows that are held still.

        A worker that was halted may have lost some to others. Only where that may be is the
        database asked; what is still this worker's gets a new lease first.
        """
        oldest = min((one.since for one in self._held), default=_now())
        if _now() - oldest < settings.LEASE_SECONDS / 2:
            return set(ids)
        self._extend_held()
        tokens = [one.token for one in self._held]
        rows = self._claimed._base_manager.filter(pk__in=list(ids), claim_token__in=tokens)
        return set(rows.values_list("pk", flat=True))

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        super().__exit__(kind, error, at)
        with suppress(DatabaseError):  # when it is gone, so are its locks
            for one in self._held:
                presence.sign_off(one.token)

    def _extend_held(self) -> None:
        began, held = _now(), self._held
        tokens = [one.token for one in held]
        rows = self._claimed._base_manager.filter(claim_token__in=tokens)
        rows.update(lease_until=lease_end())
        for one in held:
            one.since = began
