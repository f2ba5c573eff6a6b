"""Whether a change can be switched, and what would be missing then."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from collections_app.models import Document, ModelChange, Passage, Shadow
from collections_app.signals import model_building


def missing(change: ModelChange) -> QuerySet[Document]:
    """Documents that are found now and would not be under the model beside."""
    passages = Passage.objects.filter(document=OuterRef("pk"))
    return Document.objects.filter(
        Exists(passages.filter(model=OuterRef("collection__embedding_model"))),
        ~Exists(passages.filter(model=change.beside_id)),
        collection=change.collection_id,
    )


@transaction.atomic
def settle(change_id: int) -> None:
    """Let a change that is being built be ready, or failed, once nothing is left to do."""
    rows = ModelChange.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    change = rows.filter(pk=change_id, state=ModelChange.State.BUILDING).first()
    if change is None:
        return
    left = Q(state=Shadow.State.QUEUED, document__state=Document.State.READY)
    counts = Shadow.objects.filter(change=change).aggregate(
        left=Count("pk", filter=left),
        done=Count("pk", filter=Q(state=Shadow.State.DONE)),
        aside=Count("pk", filter=Q(state=Shadow.State.SET_ASIDE)),
    )
    if counts["left"]:
        return
    if counts["aside"] and not counts["done"]:
        worst = change.shadows.filter(state=Shadow.State.SET_ASIDE).first()
        _become(change, ModelChange.State.FAILED, error=worst.error if worst else "")
    elif not _still_building(change):
        _become(change, ModelChange.State.READY, error="", ready_at=Now())


def end_old() -> None:
    """Let old vectors go that were kept for the days that the settings say."""
    days = settings.OLD_VECTORS_DAYS
    switched = ModelChange.objects.filter(state=ModelChange.State.SWITCHED)
    if days:
        switched.filter(switched_at__lt=Now() - timedelta(days=days)).update(
            state=ModelChange.State.DROPPING
        )


def _still_building(change: ModelChange) -> bool:
    answers = model_building.send_robust(sender=ModelChange, change=change)
    return any(answer is True for _receiver, answer in answers)


def _become(change: ModelChange, state: ModelChange.State, **changes: object) -> None:
    ModelChange.objects.filter(pk=change.pk).update(state=state, **changes)
