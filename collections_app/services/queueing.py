"""Putting documents back into the queue, holding the queue up, and taking documents off it."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from collections_app import ingest, tasks
from collections_app.models import Collection, Document, EmbeddingModel
from collections_app.wake import call_on_commit


def retry(queryset: QuerySet[Document]) -> int:
    """Give documents that were set aside, or wait for their next attempt, a fresh start."""
    return put_back(queryset.exclude(state=Document.State.READY), ingest.FRESH)


def reembed(queryset: QuerySet[Document]) -> int:
    """Extract, split and index again. Passages that stay as they were keep their vectors."""
    fixed = EmbeddingModel.Backend.FIXED  # there is nothing to embed these with
    return put_back(queryset.exclude(collection__embedding_model__backend=fixed), ingest.requeued())


def reembed_outdated(collections: QuerySet[Collection]) -> int:
    """Embed the documents again that lack vectors of their collection's model; how many."""
    return reembed(ingest.outdated().filter(collection__in=collections.values("pk")))


def pause(collection: Collection) -> None:
    """Take up no more of its documents; those in work are finished."""
    _set_paused(collection, True)


def resume(collection: Collection) -> None:
    """Go on where `pause` stopped."""
    _set_paused(collection, False)
    call_on_commit(tasks.embed_pending)


def _set_paused(collection: Collection, paused: bool) -> None:
    collection.paused = paused
    Collection.objects.filter(pk=collection.pk).update(paused=paused)


@transaction.atomic
def cancel(collection: Collection, by: str) -> int:
    """Set aside all that is not embedded yet, to be undone by `retry`; how many.

    What was embedded before and was to be embedded again is found as it was.
    """
    return ingest.cancel(collection.documents.all(), by)


@transaction.atomic
def put_back(queryset: QuerySet[Document], changes: dict[str, Any]) -> int:
    """Into the queue, with these changes; how many."""
    ids = queryset.order_by("pk").select_for_update(of=["self"]).values_list("pk", flat=True)
    count = Document.objects.filter(pk__in=list(ids)).update(**changes, updated=Now())
    if count:
        call_on_commit(tasks.embed_pending)
    return count
