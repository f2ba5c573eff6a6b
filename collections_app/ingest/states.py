"""Every change of a document's state in the queue.

A worker's changes count only while the row carries the token of the worker's claim, which
is the one in the `Document` at hand.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Func, JSONField, Q, QuerySet
from django.db.models.functions import Greatest, JSONObject, Now

from collections_app.models import Collection, Document, EmbeddingModel

BACKOFF_SECONDS = 5  # before the second attempt; four times as long before each later one
AWAY_SECONDS = 30  # a model that did not answer is left alone for so long
ERROR_LENGTH = 2000
RELEASED: dict[str, Any] = {"claim_token": None, "lease_until": None}
FRESH: dict[str, Any] = RELEASED | {
    "state": Document.State.QUEUED,
    "attempts": 0,
    "not_before": None,
    "error": "",
    "error_stage": "",
    "error_place": {},
}


SET_ASIDE: dict[str, Any] = RELEASED | {
    "state": Document.State.SET_ASIDE,
    "updated": Now(),
    "stages": Func(
        F("stages"),
        JSONObject(set_aside=Now()),
        template="(%(expressions)s)",
        arg_joiner=" || ",
        output_field=JSONField(),
    ),
}


def requeued() -> dict[str, Any]:
    """What an edit sets. Without its claim, a worker still on the old content commits nothing."""
    return FRESH | {"revision": F("revision") + 1}


def held() -> Q:
    """Documents that a worker holds now, by the database's clock."""
    return Q(lease_until__gte=Now())


def waiting(collection_id: int | None = None) -> QuerySet[Document]:
    """Documents that a worker may claim now."""
    rows = due().filter(collection__in=open_collections())
    return rows if collection_id is None else rows.filter(collection=collection_id)


def due() -> QuerySet[Document]:
    """Documents whose turn it is, wherever they are."""
    return Document.objects.filter(
        ~held() | Q(lease_until=None),
        Q(not_before=None) | Q(not_before__lte=Now()),
        state=Document.State.QUEUED,
        attempts__lt=settings.MAX_ATTEMPTS,
    )


def open_collections() -> QuerySet[Collection]:
    """Those whose documents may be worked on now; one that is being deleted has no owner."""
    return Collection.objects.filter(
        Q(embedding_model__away_until=None) | Q(embedding_model__away_until__lte=Now()),
        paused=False,
    )


def set_aside(
    document: Document, stage: str, reason: str, place: Mapping[str, object] | None = None
) -> None:
    """Give the document up, visibly, until someone retries or edits it."""
    Document.objects.filter(pk=document.pk, claim_token=document.claim_token).update(
        **SET_ASIDE, error=_short(reason), error_stage=stage, error_place=dict(place or {})
    )


def postpone(
    document: Document, stage: str, reason: str, place: Mapping[str, object] | None = None
) -> None:
    """Let the document be tried again later, or give it up after the last attempt."""
    if document.attempts >= settings.MAX_ATTEMPTS:
        set_aside(document, stage, reason, place)
        return
    wait = timedelta(seconds=BACKOFF_SECONDS * 4 ** (document.attempts - 1))
    Document.objects.filter(pk=document.pk, claim_token=document.claim_token).update(
        **RELEASED,
        not_before=Now() + wait,
        error=_short(reason),
        error_stage=stage,
        error_place=dict(place or {}),
    )


def release(document: Document, reason: str) -> None:
    """Back into the queue as it was: what went wrong is no fault of the document's."""
    Document.objects.filter(pk=document.pk, claim_token=document.claim_token).update(
        **RELEASED,
        attempts=Greatest(F("attempts") - 1, 0),
        error=_short(reason),
        error_stage="embed",
    )


def note_away(model: EmbeddingModel, reason: str) -> None:
    """Its documents wait a little, with no attempt counted, however often it happens."""
    EmbeddingModel.objects.filter(pk=model.pk).update(
        away_until=Now() + timedelta(seconds=AWAY_SECONDS), away_reason=_short(reason)
    )


def note_back(model: EmbeddingModel) -> None:
    """It has answered again."""
    rows = EmbeddingModel.objects.filter(pk=model.pk, away_until__isnull=False)
    rows.update(away_until=None, away_reason="")


def cancel(rows: QuerySet[Document], by: str) -> int:
    """Set aside those that wait or are in work; a worker at them commits nothing. How many."""
    waiting = rows.filter(state=Document.State.QUEUED)
    ids = waiting.order_by("pk").select_for_update(of=["self"]).values_list("pk", flat=True)
    return Document.objects.filter(pk__in=list(ids)).update(
        **SET_ASIDE,
        error=f"The embedding was cancelled by {by}. Try again to go on.",
        error_stage="cancel",
    )


@transaction.atomic
def set_aside_exhausted() -> int:
    """Give up documents whose workers died every time; how many."""
    rows = Document.objects.filter(
        ~held() | Q(lease_until=None),
        state=Document.State.QUEUED,
        attempts__gte=settings.MAX_ATTEMPTS,
    )
    return _unlocked(rows).update(
        **SET_ASIDE,
        error=f"The worker stopped {settings.MAX_ATTEMPTS} times while it was at this document. "
        "Its log may say why; make the document smaller or try again.",
        error_stage="worker",
    )


@transaction.atomic
def release_expired() -> int:
    """Take documents back from workers whose lease has run out; how many."""
    rows = Document.objects.filter(state=Document.State.QUEUED, lease_until__lt=Now())
    return _unlocked(rows).update(**RELEASED)


def _unlocked(rows: QuerySet[Document]) -> QuerySet[Document]:
    """Those that nobody is writing: a worker that was halted within its commit holds up none."""
    free = rows.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    return Document.objects.filter(pk__in=list(free))


def _short(reason: str) -> str:
    return reason.replace("\x00", "")[:ERROR_LENGTH]
