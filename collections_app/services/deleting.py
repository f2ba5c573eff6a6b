"""Deleting: rows in every room, vectors and postings in one transaction, files after it."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from collections_app.batches import batched
from collections_app.models import Collection, Document, Passage, Posting, Vector
from collections_app.signals import documents_deleting
from collections_app.storage import remove_unused

CHUNK = 2000


def delete_documents(queryset: QuerySet[Document]) -> int:
    """Delete documents with all that was made from them; how many went."""
    with transaction.atomic():
        count, files = _delete(queryset)
        _remove_files_on_commit(files)
    return count


def delete_collection(collection: Collection) -> None:
    """Delete a collection, its documents and all that was made from them."""
    with transaction.atomic():
        # Whoever adds documents holds this lock too, so none comes in behind us.
        Collection.objects.select_for_update(no_key=True).filter(pk=collection.pk).first()
        _count, files = _delete(Document.objects.filter(collection=collection))
        Collection.objects.filter(pk=collection.pk).delete()
        _remove_files_on_commit(files)


@transaction.atomic
def delete_account(user: User) -> None:
    """Delete a user with all collections; nothing large is left for Django's cascade to load."""
    for collection in Collection.objects.filter(owner=user).order_by("pk"):
        delete_collection(collection)
    user.delete()


def _delete(queryset: QuerySet[Document]) -> tuple[int, set[str]]:
    """(documents deleted, digests of files they used). Runs in the caller's transaction."""
    # no_key: receivers may wait for one who is to commit rows that point at these documents,
    # and whose commit would wait for a full lock of ours.
    locked = queryset.order_by("pk").select_for_update(of=["self"], no_key=True)
    rows = list(locked.values_list("pk", "blob_id"))
    for chunk in batched([pk for pk, _blob in rows], CHUNK):
        documents_deleting.send(sender=Collection, document_ids=chunk)
        _delete_chunk(chunk)
    return len(rows), {sha256 for _pk, sha256 in rows if sha256}


def _delete_chunk(ids: list[int]) -> None:
    """The large tables without loading them, the rest as Django's cascades say.

    Foreign keys are checked at commit, so passages may go before what points at them.
    """
    passages = Passage.objects.filter(document__in=ids)
    for model in (Posting, Vector):
        rows = model._base_manager.filter(passage__in=passages)
        rows._raw_delete(rows.db)
    passages._raw_delete(passages.db)
    Document.objects.filter(pk__in=ids).only("pk").delete()


def _remove_files_on_commit(sha256s: set[str]) -> None:
    def remove() -> None:
        for chunk in batched(sorted(sha256s), CHUNK):
            remove_unused(chunk)

    if sha256s:
        transaction.on_commit(remove, robust=True)
