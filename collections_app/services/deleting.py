"""Deleting: at once out of everyone's sight; the rows of a large collection by a worker."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from collections_app import purge, tasks
from collections_app.models import Collection, Document
from collections_app.wake import call_on_commit

PATIENCE_SECONDS = 1.0  # how long the one who deletes waits; then a worker goes on


def delete_documents(queryset: QuerySet[Document]) -> int:
    """Delete documents with all that was made from them; how many went."""
    return purge.delete(queryset)


def delete_collection(collection: Collection, patience: float = PATIENCE_SECONDS) -> None:
    """Delete a collection, its documents and all that was made from them.

    Whoever adds documents locks its row too, so none comes in behind us.
    """
    Collection.objects.filter(pk=collection.pk).update(owner=None)
    _purge([collection.pk], patience)


def delete_account(user: User) -> None:
    """Delete a user with all collections, which lose their owner and are purged."""
    with transaction.atomic():
        ids = list(Collection.objects.filter(owner=user).values_list("pk", flat=True))
        user.delete()
    _purge(ids, PATIENCE_SECONDS)


def _purge(collection_ids: Sequence[int], patience: float) -> None:
    if purge.work(patience, collection_ids):
        call_on_commit(tasks.purge_deleted)
