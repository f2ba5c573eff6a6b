"""Deleting content: rows in every room, vectors and postings in one transaction, files after it.

A collection whose owner is None has been deleted: nobody sees it (`Collection.objects` leaves
it out), and its rows go here, a chunk of documents at a time. At 200,000 documents that takes
more than a minute, half of it the database's own checks of every row.
"""

import time
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from collections_app.batches import batched
from collections_app.models import Collection, Document, EmbeddingModel, Passage, Vector
from collections_app.signals import documents_deleting
from collections_app.storage import remove_unused

CHUNK = 2000  # documents


def waiting() -> QuerySet[Collection]:
    """Collections that have been deleted and whose rows are still there."""
    return Collection._base_manager.filter(owner=None).order_by("pk")


def work(seconds: float, collection_ids: Iterable[int] | None = None) -> bool:
    """Delete the rows of these collections, or of all that wait, for about this long.

    True when there is more to do.
    """
    end = time.monotonic() + seconds
    ids = waiting().values_list("pk", flat=True) if collection_ids is None else collection_ids
    for pk in list(ids):
        while _shrink(pk):
            if time.monotonic() > end:
                return True
    return False


@transaction.atomic
def delete(queryset: QuerySet[Document]) -> int:
    """Delete documents with all that was made from them; how many went."""
    # no_key: receivers may wait for one who is to commit rows that point at these documents,
    # and whose commit would wait for a full lock of ours.
    locked = queryset.order_by("pk").select_for_update(of=["self"], no_key=True)
    rows = list(locked.values_list("pk", "blob_id"))
    for chunk in batched([pk for pk, _blob in rows], CHUNK):
        documents_deleting.send(sender=Collection, document_ids=chunk)
        _delete_chunk(chunk)
    _remove_files_on_commit({sha256 for _pk, sha256 in rows if sha256})
    return len(rows)


@transaction.atomic
def _shrink(collection_id: int) -> bool:
    """Delete the next documents of a deleted collection, and after the last the collection.

    False once it is gone, or while another process is at it.
    """
    rows = waiting().select_for_update(skip_locked=True, no_key=True).filter(pk=collection_id)
    if not rows:
        return False
    models = list(rows.values_list("embedding_model", flat=True))
    documents = Document.objects.filter(collection=collection_id)
    ids = documents.order_by("pk").values_list("pk", flat=True)[:CHUNK]
    delete(documents.filter(pk__in=list(ids)))
    if documents.exists():
        return True
    waiting().filter(pk=collection_id).delete()
    # A fixed set of vectors is of no use without its collection.
    fixed = EmbeddingModel.objects.filter(backend=EmbeddingModel.Backend.FIXED)
    fixed.filter(pk__in=models, collections=None).delete()
    return False


def _delete_chunk(ids: list[int]) -> None:
    """The large tables without loading them, the rest as Django's cascades say.

    Foreign keys are checked at commit, so passages may go before what points at them.
    """
    passages = Passage.objects.filter(document__in=ids)
    rows = Vector._base_manager.filter(passage__in=passages)
    rows._raw_delete(rows.db)
    passages._raw_delete(passages.db)
    Document.objects.filter(pk__in=ids).only("pk").delete()


def _remove_files_on_commit(sha256s: set[str]) -> None:
    def remove() -> None:
        for chunk in batched(sorted(sha256s), CHUNK):
            remove_unused(chunk)

    if sha256s:
        transaction.on_commit(remove, robust=True)
