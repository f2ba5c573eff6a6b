"""How far a collection has come."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, Max, Min, Q, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from collections_app.models import Collection, Document
from collections_app.services.stalling import stall_cause

STALLED = timedelta(minutes=5)  # without any progress
WINDOW = timedelta(minutes=1)
FIRST_BATCH_SECONDS = 5.0  # what a batch takes, about: the first one's beginning is not known
FAILURES = 20


@dataclass(frozen=True)
class Progress:
    """Counts of documents; `rate` in documents per second over the last minute.

    `queued` wait, `working` are held by a worker; `seconds_left` is None while unknown.
    `failures` are the first documents that were set aside. `stall` is the cause, in words,
    where nothing has changed for five minutes although documents wait.
    """

    total: int
    ready: int
    queued: int
    working: int
    set_aside: int
    tokens: int
    rate: float
    seconds_left: float | None
    failures: list[Document]
    paused: bool = False
    stall: str = ""

    @property
    def done(self) -> int:
        """Documents that need no more work, well or badly ended."""
        return self.ready + self.set_aside


def progress(collection: Collection) -> Progress:
    """Counted now, in one query, a second one when documents were set aside, and some more
    when nothing goes on."""
    counts = Document.objects.filter(collection=collection).aggregate(**_counts())
    rate = _rate(counts["recent"], counts["took"])
    left = counts["queued"] + counts["working"]
    stalled = left and not collection.paused and counts["idle"] > STALLED
    return Progress(
        total=counts["total"],
        ready=counts["ready"],
        queued=counts["queued"],
        working=counts["working"],
        set_aside=counts["set_aside"],
        tokens=counts["tokens"] or 0,
        rate=rate,
        seconds_left=0.0 if not left else left / rate if rate else None,
        failures=_failures(collection) if counts["set_aside"] else [],
        paused=collection.paused,
        stall=stall_cause(collection) if stalled else "",
    )


def _counts() -> dict[str, Any]:
    queued, held = Q(state=Document.State.QUEUED), Q(lease_until__gt=Now())
    recent = Q(ready_at__gt=Now() - WINDOW)
    return {
        "total": Count("pk"),
        "ready": Count("pk", filter=Q(state=Document.State.READY)),
        "queued": Count("pk", filter=queued & (~held | Q(lease_until=None))),
        "working": Count("pk", filter=queued & held),
        "set_aside": Count("pk", filter=Q(state=Document.State.SET_ASIDE)),
        "tokens": Sum("token_count"),
        "recent": Count("pk", filter=recent),
        "took": _since(Min("ready_at", filter=recent)),
        "idle": _since(Max("updated")),
    }


def _since(time: Combinable) -> Combinable:
    """How long ago it was, by the database's clock."""
    return ExpressionWrapper(Now() - time, output_field=DurationField())


def _rate(count: int, took: timedelta | None) -> float:
    """Documents per second since the first commit of the last minute."""
    return count / max(FIRST_BATCH_SECONDS, took.total_seconds()) if took else 0.0


def _failures(collection: Collection) -> list[Document]:
    rows = collection.documents.filter(state=Document.State.SET_ASIDE)
    return list(rows.defer("text", "body")[:FAILURES])
