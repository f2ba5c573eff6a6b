"""Files on disk: whole or not there, shared, swept, and never lost to a race."""

import hashlib
import io
import os
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from collections_app import services, storage
from collections_app.models import Blob, Document
from collections_app.services import Incoming, add_documents, delete_documents
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db

OLD_SECONDS = 2 * storage.GRACE.total_seconds()


def stored(data=b"Words."):
    return storage.store(io.BytesIO(data), 1000)


def files(media):
    return {path.name for path in media.rglob("*") if path.is_file()}


def make_old(path):
    os.utime(path, (time.time() - OLD_SECONDS,) * 2)


def with_document(blob, collection=None, name="a"):
    collection = collection or CollectionFactory()
    add_documents(collection, [Incoming(name, blob=blob)])
    return collection.documents.get(external_id=name)


def test_file_is_named_by_its_digest(media):
    blob = stored(b"Words.")
    assert blob.sha256 == hashlib.sha256(b"Words.").hexdigest()
    assert storage.path_of(blob.sha256) == media / "blobs" / blob.sha256[:2] / blob.sha256
    assert (storage.read(blob), blob.size) == (b"Words.", 6)


class Breaking(io.BytesIO):
    """A stream whose sender goes away in the middle."""

    def read(self, size=-1):
        if self.tell():
            raise ConnectionResetError
        return super().read(3)


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (io.BytesIO(b""), "The file is empty: it has 0 bytes."),
        (io.BytesIO(b"x" * 1001), "The file is too large: the limit is 0.000954 MB"),
    ],
)
def test_refused_stream_leaves_nothing(media, stream, error):
    with pytest.raises(storage.Rejected, match=error):
        storage.store(stream, 1000)
    assert (files(media), Blob.objects.count()) == (set(), 0)


def test_broken_stream_leaves_nothing(media):
    with pytest.raises(ConnectionResetError):
        storage.store(Breaking(b"Words."), 1000)
    assert (files(media), Blob.objects.count()) == (set(), 0)


def test_equal_files_are_kept_once_and_until_the_last_document_goes(
    media, django_capture_on_commit_callbacks
):
    one, other = with_document(stored()), with_document(stored())
    assert files(media) == {one.blob_id} == {other.blob_id}
    for document, left in ((one, {one.blob_id}), (other, set())):
        with django_capture_on_commit_callbacks(execute=True):
            delete_documents(Document.objects.filter(pk=document.pk))
        assert files(media) == left
        assert set(Blob.objects.values_list("sha256", flat=True)) == left


def test_deleting_a_collection_removes_its_files_alone(media, django_capture_on_commit_callbacks):
    doomed = with_document(stored(b"One.")).collection
    kept = with_document(stored(b"Two."))
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_collection(doomed)
    assert files(media) == {kept.blob_id}


def test_deletion_that_is_rolled_back_keeps_the_file(media):
    document = with_document(stored())
    delete_documents(Document.objects.filter(pk=document.pk))  # its commit never comes here
    assert files(media) == {document.blob_id}


def test_file_replaced_by_text_goes(media, django_capture_on_commit_callbacks):
    document = with_document(stored())
    with django_capture_on_commit_callbacks(execute=True):
        services.edit_document(document, body="Other words.")
    assert (files(media), document.blob) == (set(), None)


def test_sweep_removes_rows_that_have_had_no_document_for_an_hour(media):
    used, fresh, old = with_document(stored(b"1")).blob, stored(b"2"), stored(b"3")
    long_ago = timezone.now() - timedelta(seconds=OLD_SECONDS)
    Blob.objects.exclude(pk=fresh.pk).update(created=long_ago)
    assert storage.sweep_rows() == 1
    assert set(Blob.objects.all()) == {used, fresh}
    assert files(media) == {used.sha256, fresh.sha256} == files(media) - {old.sha256}


def test_sweep_removes_old_files_without_a_row_and_old_temporary_ones(media):
    known, lost, young = stored(b"1"), stored(b"2"), stored(b"3")
    Blob.objects.filter(pk__in=[lost.pk, young.pk]).delete()
    temporary = media / "tmp" / "left-behind"
    temporary.write_bytes(b"half")
    for path in (storage.path_of(known.sha256), storage.path_of(lost.sha256), temporary):
        make_old(path)
    assert storage.sweep_files() == 1
    assert files(media) == {known.sha256, young.sha256}


def test_file_swept_between_its_upload_and_its_document_is_a_problem(media):
    collection, blob = CollectionFactory(), stored()
    assert storage.remove_unused([blob.sha256]) == 1
    result = add_documents(collection, [Incoming("a", blob=blob)])
    message = "The file was removed while it was being added. Add it again."
    assert result.problems == [services.Problem("a", message)]
    assert not collection.documents.exists()


def test_uploading_again_writes_a_lost_file_again(media):
    blob = stored()
    storage.path_of(blob.sha256).unlink()
    assert storage.read(stored()) == b"Words."
