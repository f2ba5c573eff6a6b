"""The documents whose passages under the model beside are wanting: a queue of record."""

import logging
import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from collections_app.changes import settling
from collections_app.ingest import presence, states
from collections_app.ingest.claim import first, lease_end
from collections_app.ingest.states import RELEASED
from collections_app.models import Document, ModelChange, Shadow

logger = logging.getLogger(__name__)

FRESH: dict[str, Any] = states.FRESH | {"state": Shadow.State.QUEUED}
SET_ASIDE: dict[str, Any] = RELEASED | {"state": Shadow.State.SET_ASIDE}


def waiting(change_id: int | None = None) -> QuerySet[Shadow]:
    """Those that a worker may claim now. A document that is itself in the queue comes later:
    search must not wait for what stands beside."""
    rows = Shadow.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=Now()),
        Q(not_before=None) | Q(not_before__lte=Now()),
        Q(change__beside__away_until=None) | Q(change__beside__away_until__lte=Now()),
        state=Shadow.State.QUEUED,
        attempts__lt=settings.MAX_ATTEMPTS,
        document__state=Document.State.READY,
        change__state__in=ModelChange.KEPT_UP,
        change__collection__owner__isnull=False,
        change__collection__paused=False,
    )
    return rows if change_id is None else rows.filter(change=change_id)


@transaction.atomic
def claim(limit: int, change_id: int | None = None) -> list[Shadow]:
    """Up to `limit`, oldest document first, that carry a fresh token now.

    One that was tried before comes last and alone, as in `ingest.claim`.
    """
    token = uuid.uuid4()
    rows = waiting(change_id).order_by("pk")
    free = rows.select_for_update(skip_locked=True, of=("self",))
    ids = first(free.filter(attempts=0, not_before=None), limit, "document__")
    ids = ids or first(free.filter(attempts__gt=0), 1, "document__")
    if not ids:
        return []
    presence.sign_on(token)
    claimed = Shadow.objects.filter(pk__in=ids)
    claimed.update(attempts=F("attempts") + 1, claim_token=token, lease_until=lease_end())
    found = claimed.select_related("document__blob", "change__beside").order_by("change", "pk")
    return list(found.prefetch_related("document__collection"))


def sweep() -> bool:
    """Take back what workers left, give up what kills them, and see how far changes are.

    True when work waits for a worker.
    """
    queued = Shadow.objects.filter(state=Shadow.State.QUEUED)
    with transaction.atomic():
        released = _unlocked(queued.filter(lease_until__lt=Now())).update(**RELEASED)
        released += presence.release_abandoned(Shadow)
        spent = queued.filter(lease_until=None, attempts__gte=settings.MAX_ATTEMPTS)
        given_up = _unlocked(spent).update(
            **SET_ASIDE,
            error=f"The worker stopped {settings.MAX_ATTEMPTS} times while it was at this "
            "document. Its log may say why; make the document smaller or try again.",
            error_stage="worker",
        )
    if released or given_up:
        logger.warning("Changes: %d documents taken back, %d given up.", released, given_up)
    building = ModelChange.objects.filter(state=ModelChange.State.BUILDING)
    for pk in building.values_list("pk", flat=True):
        settling.settle(pk)
    settling.end_old()
    ending = ModelChange.objects.filter(state__in=ModelChange.ENDING)
    return waiting().exists() or ending.exists()


def _unlocked(rows: QuerySet[Shadow]) -> QuerySet[Shadow]:
    free = rows.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    return Shadow.objects.filter(pk__in=list(free))
