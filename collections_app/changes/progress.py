"""How far a change has come."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, Min, Q, Sum
from django.db.models.functions import Now

from collections_app.changes.estimating import price
from collections_app.changes.settling import missing
from collections_app.models import ModelChange, Shadow

WINDOW = timedelta(minutes=1)
FIRST_BATCH_SECONDS = 5.0  # what a batch takes, about: the first one's beginning is not known
FAILURES = 20


@dataclass(frozen=True)
class ChangeProgress:
    """Counts of documents; `rate` in documents and `token_rate` in tokens per second over the
    last minute; `seconds_left` is None while unknown. `missing` would not be found after a
    switch now. `failures` are the first that were set aside.
    """

    total: int
    done: int
    queued: int
    working: int
    set_aside: int
    missing: int
    tokens: int
    cost: Decimal
    rate: float
    token_rate: float
    seconds_left: float | None
    failures: list[Shadow]
    paused: bool

    @property
    def left(self) -> int:
        return self.queued + self.working


def progress(change: ModelChange) -> ChangeProgress:
    """Counted now, in two queries, a third one when documents were set aside."""
    counts = Shadow.objects.filter(change=change).aggregate(**_counts())
    seconds = _seconds(counts["recent"], counts["first"])
    rate = counts["recent"] / seconds if seconds else 0.0
    left = counts["queued"] + counts["working"]
    return ChangeProgress(
        total=counts["total"],
        done=counts["done"],
        queued=counts["queued"],
        working=counts["working"],
        set_aside=counts["set_aside"],
        missing=missing(change).count() if change.is_kept_up else 0,
        tokens=counts["all_tokens"] or 0,
        cost=price(change.new, counts["all_tokens"] or 0),
        rate=rate,
        token_rate=(counts["recent_tokens"] or 0) / seconds if seconds else 0.0,
        seconds_left=0.0 if not left else left / rate if rate else None,
        failures=_failures(change) if counts["set_aside"] else [],
        paused=change.collection.paused,
    )


def _counts() -> dict[str, Any]:
    queued, held = Q(state=Shadow.State.QUEUED), Q(lease_until__gt=Now())
    recent = Q(done_at__gt=Now() - WINDOW)
    return {
        "total": Count("pk"),
        "done": Count("pk", filter=Q(state=Shadow.State.DONE)),
        "queued": Count("pk", filter=queued & (~held | Q(lease_until=None))),
        "working": Count("pk", filter=queued & held),
        "set_aside": Count("pk", filter=Q(state=Shadow.State.SET_ASIDE)),
        "all_tokens": Sum("tokens"),
        "recent": Count("pk", filter=recent),
        "recent_tokens": Sum("tokens", filter=recent),
        "first": ExpressionWrapper(
            Now() - Min("done_at", filter=recent), output_field=DurationField()
        ),
    }


def _seconds(count: int, since_first: timedelta | None) -> float:
    """How long the last minute's documents took; 0 where there are none."""
    if not count or since_first is None:
        return 0.0
    return max(FIRST_BATCH_SECONDS, since_first.total_seconds())


def _failures(change: ModelChange) -> list[Shadow]:
    rows = change.shadows.filter(state=Shadow.State.SET_ASIDE).select_related("document")
    return list(rows.defer("document__text", "document__body")[:FAILURES])
