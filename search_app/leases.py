"""Claims on wishes: a worker holds a row by a lease and a token.

What it made counts only while the row still carries the token, so a new wish or a lost
lease refuses a late result.
"""

import uuid
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from search_app.models import Wish

AnyWish = TypeVar("AnyWish", bound=Wish)

LEASE = timedelta(minutes=15)
RELEASED: dict[str, Any] = {"claim_token": None, "lease_until": None}
FRESH: dict[str, Any] = RELEASED | {"state": Wish.State.QUEUED, "attempts": 0, "error": ""}


def waiting(rows: QuerySet[AnyWish]) -> QuerySet[AnyWish]:
    """Those that a worker may take now, the longest waiting first."""
    return rows.filter(_free(), attempts__lt=settings.MAX_ATTEMPTS).order_by("requested")


def give_up(rows: QuerySet[AnyWish], reason: str) -> int:
    """Record as failed those that stopped their worker every time; how many."""
    spent = rows.filter(_free(), attempts__gte=settings.MAX_ATTEMPTS)
    return spent.update(**RELEASED, state=Wish.State.FAILED, error=reason)


def cancel(wish: Wish, reason: str) -> bool:
    """Take back one that waits or is being done; False where it is done already."""
    waiting = type(wish)._default_manager.filter(pk=wish.pk, state=Wish.State.QUEUED)
    return bool(waiting.update(**RELEASED, state=Wish.State.FAILED, error=reason))


@transaction.atomic
def claim(rows: QuerySet[AnyWish]) -> AnyWish | None:
    """The first of the rows that is free, held under a fresh token."""
    claimed = waiting(rows).select_for_update(skip_locked=True, of=("self",)).first()
    if claimed is not None:
        claimed.claim_token = uuid.uuid4()
        type(claimed)._default_manager.filter(pk=claimed.pk).update(
            claim_token=claimed.claim_token,
            lease_until=Now() + LEASE,
            attempts=F("attempts") + 1,
        )
    return claimed


def held(claimed: AnyWish) -> QuerySet[AnyWish]:
    """The row, as long as it is still this worker's."""
    return type(claimed)._default_manager.filter(pk=claimed.pk, claim_token=claimed.claim_token)


def fail(claimed: Wish, reason: str) -> bool:
    """Record why it cannot be made; False where the claim was lost."""
    changes = RELEASED | {"state": Wish.State.FAILED, "error": reason}
    return bool(held(claimed).update(**changes))


def _free() -> Q:
    """Unheld, and of a collection that has not been deleted."""
    unheld = Q(lease_until=None) | Q(lease_until__lt=Now())
    return unheld & Q(collection__owner__isnull=False, state=Wish.State.QUEUED)
