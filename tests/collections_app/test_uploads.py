"""Uploads in pieces: over the tus protocol, past broken connections, each file added once."""

import hashlib
import os
import socket
from base64 import b64encode
from datetime import timedelta

import pytest
from django.http import UnreadablePostError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from collections_app import partial_files, services, storage
from collections_app.models import Document, Quota, Upload
from collections_app.services import uploads
from tests.factories import CollectionFactory, UserFactory

pytestmark = pytest.mark.django_db
DATA = b"A quiet morning in the harbour. " * 40
SIZE = len(DATA)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def collection(media):
    return CollectionFactory()


@pytest.fixture
def api(collection):
    client = APIClient()
    client.force_login(collection.owner)
    return client


def encoded(**values):
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in values.items())


def begin(api, collection, size=SIZE, name="a.txt", **told):
    headers = {"upload-length": str(size), "upload-metadata": encoded(filename=name, **told)}
    return api.post(f"/api/collections/{collection.pk}/uploads/", headers=headers)


def begun(api, collection, **values):
    response = begin(api, collection, **values)
    assert response.status_code == 201, response.content
    return response["Location"]


def patch(api, place, offset, data, **headers):
    return api.generic(
        "PATCH",
        place,
        data,
        "application/offset+octet-stream",
        headers={"tus-resumable": "1.0.0", "upload-offset": str(offset)} | headers,
    )


def offset(api, place):
    response = api.head(place, headers={"tus-resumable": "1.0.0"})
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    return int(response["Upload-Offset"])


def files():
    folder = partial_files.folder()
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_file_comes_in_pieces_and_becomes_a_document(api, collection):
    place = begun(api, collection, name="notes/a.txt", sha256=SHA256)
    assert offset(api, place) == 0
    assert patch(api, place, 0, DATA[:500])["Upload-Offset"] == "500"
    assert (offset(api, place), collection.documents.count()) == (500, 0)
    response = patch(api, place, 500, DATA[500:])
    assert (response.status_code, response.content) == (204, b"")
    document = collection.documents.get()
    assert (document.external_id, storage.read(document.blob)) == ("notes/a.txt", DATA)
    answer = api.get(place).json()
    assert (answer["state"], answer["document"], answer["offset"]) == (
        "done",
        document.pk,
        len(DATA),
    )
    assert files() == []


def test_rows_come_in_pieces_and_wait_for_their_plan(api, collection):
    data = b"id,text\na,Some words\n"
    place = begun(api, collection, name="a.csv", size=len(data), use="rows")
    rows = f"{place}rows/"
    assert api.get(rows).json()["detail"] == "This file has not come whole yet."
    patch(api, place, 0, data[:5])
    patch(api, place, 5, data[5:])
    assert (api.get(place).json()["state"], collection.documents.count()) == ("received", 0)
    assert api.get(rows).json()["columns"] == ["id", "text"]
    assert api.post(rows, {}, format="json").status_code == 202
    assert begin(api, collection, use="nonsense").status_code == 400


def test_length_beyond_all_bounds_is_too_large(api, collection):
    for size in (10**18, 10**39):
        response = begin(api, collection, size=size)
        assert response.status_code == 413
        assert response.json()["detail"].startswith("The file is too large: the limit is 50 MB")


def test_protocol_is_told(api, collection):
    response = api.options(f"/api/collections/{collection.pk}/uploads/")
    assert response.status_code == 204
    assert response["Tus-Version"] == response["Tus-Resumable"] == "1.0.0"
    assert response["Tus-Extension"] == "creation,checksum,termination,expiration"
    assert response["Tus-Max-Size"] == "52428800"
    assert response["Tus-Checksum-Algorithm"] == "sha1,sha256"
    place = begun(api, collection)
    assert api.head(place, headers={"tus-resumable": "0.2.2"}).status_code == 412
    assert "Upload-Expires" in patch(api, place, 0, DATA[:1])


@pytest.mark.django_db(transaction=True)
def test_connection_dropped_amid_a_piece_loses_nothing_that_came(live_server, media):
    collection = CollectionFactory()
    _token, key = services.create_token(collection.owner, "upload", "write")
    api = APIClient(headers={"authorization": f"Bearer {key}"})
    place = begun(api, collection)
    host, port = live_server.thread.host, live_server.thread.port
    with socket.create_connection((host, port)) as broken:
        broken.sendall(
            f"PATCH {place} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/offset+octet-stream\r\nTus-Resumable: 1.0.0\r\n"
            f"Upload-Offset: 0\r\nContent-Length: {len(DATA)}\r\n\r\n".encode()
            + DATA[:700]
        )
        broken.shutdown(socket.SHUT_WR)
        broken.recv(4096)
    assert (offset(api, place), collection.documents.count()) == (700, 0)
    assert patch(api, place, 700, DATA[700:]).status_code == 204
    assert storage.read(collection.documents.get().blob) == DATA


class Stream:
    """Gives these pieces; a callable among them is called instead."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def read(self, size=-1):
        while self.pieces and callable(self.pieces[0]):
            self.pieces.pop(0)()
        return self.pieces.pop(0) if self.pieces else b""


def breaks():
    raise UnreadablePostError("gone")


def upload_of(place):
    return Upload.objects.get(pk=place.rstrip("/").rpartition("/")[2])


def test_stream_that_breaks_is_kept_as_far_as_it_came(api, collection):
    upload = upload_of(begun(api, collection))
    uploads.write(upload, 0, Stream(DATA[:10], DATA[10:30], breaks))
    assert (upload.offset, partial_files.path_of(upload).read_bytes()) == (30, DATA[:30])


def test_what_a_dead_process_wrote_past_the_offset_does_not_count(api, collection):
    upload = upload_of(begun(api, collection))
    partial_files.path_of(upload).write_bytes(b"x" * 100)
    uploads.write(upload, 0, Stream(DATA))
    assert storage.read(collection.documents.get().blob) == DATA


def test_two_writers_at_one_offset(api, collection):
    place = begun(api, collection)
    answers = []
    upload = upload_of(place)
    between = lambda: answers.append(patch(api, place, 0, b"other").status_code)  # noqa: E731
    uploads.write(upload, 0, Stream(DATA[:10], between, DATA[10:20]))
    assert answers == [409]
    assert partial_files.path_of(upload).read_bytes() == DATA[:20]
    assert patch(api, place, 0, DATA).status_code == 409
    assert patch(api, place, 21, DATA[21:]).status_code == 409
    assert offset(api, place) == 20


def test_writer_that_was_silent_too_long_loses_its_place(api, collection, monkeypatch):
    monkeypatch.setattr(uploads, "HELD_ON_EVERY", 0)
    place = begun(api, collection)
    upload = upload_of(place)

    def overtaken():
        Upload.objects.update(held_until=timezone.now() - timedelta(seconds=1))
        assert patch(api, place, 0, DATA).status_code == 204

    with pytest.raises(uploads.WrongOffset):
        uploads.write(upload, 0, Stream(b"old", overtaken, b"older"))
    assert storage.read(collection.documents.get().blob) == DATA


def test_last_piece_sent_twice_makes_one_document(api, collection):
    place = begun(api, collection)
    patch(api, place, 0, DATA[:500])
    assert patch(api, place, 500, DATA[500:]).status_code == 204
    assert patch(api, place, 500, DATA[500:]).status_code == 409
    assert patch(api, place, len(DATA), b"").status_code == 409
    assert offset(api, place) == len(DATA)
    assert Document.objects.count() == 1


def test_finish_that_failed_is_done_when_the_last_piece_comes_again(api, collection, monkeypatch):
    place = begun(api, collection)
    patch(api, place, 0, DATA[:500])
    with monkeypatch.context() as broken:
        broken.setattr(uploads, "add_files", lambda *args: 1 / 0)
        api.raise_request_exception = False
        assert patch(api, place, 500, DATA[500:]).status_code == 500
    assert (offset(api, place), Document.objects.count()) == (500, 0)
    assert patch(api, place, 500, DATA[500:]).status_code == 204
    assert Document.objects.count() == 1


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_piece_with_a_checksum_counts_whole_or_not_at_all(api, collection, algorithm):
    place = begun(api, collection)

    def checksum(data):
        digest = hashlib.new(algorithm, data, usedforsecurity=False).digest()
        return {"upload-checksum": f"{algorithm} {b64encode(digest).decode()}"}

    response = patch(api, place, 0, DATA[:500], **checksum(DATA[:499]))
    assert (response.status_code, offset(api, place)) == (460, 0)
    assert "do not have the checksum" in response.json()["detail"]
    assert patch(api, place, 0, DATA[:500], **checksum(DATA[:500])).status_code == 204
    assert patch(api, place, 500, DATA[500:], **checksum(DATA[500:])).status_code == 204
    assert storage.read(collection.documents.get().blob) == DATA


@pytest.mark.parametrize("header", ["md5 abcd", "sha1", "sha1 %%%", "sha1 é"])
def test_checksum_that_cannot_be_read(api, collection, header):
    place = begun(api, collection)
    assert patch(api, place, 0, DATA, **{"upload-checksum": header}).status_code == 400
    assert offset(api, place) == 0


def test_file_that_is_not_the_one_announced_is_refused(api, collection):
    place = begun(api, collection, sha256=hashlib.sha256(b"other").hexdigest())
    response = patch(api, place, 0, DATA)
    assert response.status_code == 460
    assert "is not the one announced" in response.json()["detail"]
    assert (api.get(place).json()["state"], files(), Document.objects.count()) == ("refused", [], 0)


def test_too_large_is_refused_before_any_byte(api, collection, settings):
    settings.MAX_UPLOAD_BYTES = 100
    response = begin(api, collection, size=101)
    assert response.status_code == 413
    assert response.json()["detail"].startswith("The file is too large")
    assert (Upload.objects.count(), files()) == (0, [])
    place = begun(api, collection, size=100)
    assert patch(api, place, 0, DATA[:101]).status_code == 413
    assert offset(api, place) == 0


def test_without_room_it_is_refused_before_any_byte_with_those_under_way_counted(api, collection):
    Quota.objects.create(user=collection.owner, max_bytes=2000)
    begun(api, collection, size=1500, name="b.txt")
    response = begin(api, collection, size=501)
    assert response.status_code == 413
    assert response.json()["detail"].startswith("There is not enough room: your documents may")
    Upload.objects.update(expires=timezone.now())
    begun(api, collection, size=501)


def test_documents_are_counted_at_the_start_unless_one_is_replaced(api, collection, settings):
    patch(api, begun(api, collection), 0, DATA)
    settings.QUOTA_DOCUMENTS = 1
    assert begin(api, collection, name="b.txt").status_code == 413
    begun(api, collection)


def test_file_that_cannot_be_added_says_why(api, collection, settings):
    place = begun(api, collection)
    settings.QUOTA_BYTES = 10
    response = patch(api, place, 0, DATA)
    assert response.status_code == 400
    assert response.json()["detail"].startswith("There is not enough room")
    assert api.get(place).json()["error"] == response.json()["detail"]
    assert files() == []


def test_same_file_again_is_noted(api, collection):
    for _time in range(2):
        place = begun(api, collection)
        patch(api, place, 0, DATA)
    assert Document.objects.count() == 1
    assert api.get(place).json()["note"] == (
        "This file is here already, unchanged; it is one document."
    )


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"upload-length": "12"}, "no usable name"),
        ({"upload-metadata": encoded(filename="a")}, "Upload-Length must be a whole number"),
        ({"upload-length": "-1", "upload-metadata": encoded(filename="a")}, "a whole number"),
        ({"upload-length": "0", "upload-metadata": encoded(filename="a")}, "0 bytes"),
        ({"upload-length": "1", "upload-metadata": "filename %%%"}, "Base64"),
        ({"upload-length": "1", "upload-metadata": "filename /w=="}, "Base64"),
        ({"upload-length": "1", "upload-metadata": encoded(filename="..")}, "no usable name"),
        ({"upload-length": "1", "upload-metadata": encoded(filename="a", sha256="b")}, "64 hex"),
    ],
)
def test_beginning_that_makes_no_sense(api, collection, headers, words):
    response = api.post(f"/api/collections/{collection.pk}/uploads/", headers=headers)
    assert (response.status_code, Upload.objects.count()) == (400, 0)
    assert words in response.json()["detail"]


def test_given_up_upload_is_gone_with_its_bytes(api, collection):
    place = begun(api, collection)
    patch(api, place, 0, DATA[:500])
    assert api.delete(place).status_code == 204
    assert (api.head(place).status_code, files()) == (404, [])


def test_only_the_owner_sees_and_writes_it(api, collection):
    place = begun(api, collection)
    stranger = APIClient()
    stranger.force_login(UserFactory())
    for method in ("get", "head", "delete"):
        assert getattr(stranger, method)(place).status_code == 404
    assert patch(stranger, place, 0, DATA).status_code == 404
    assert patch(APIClient(), place, 0, DATA).status_code == 401
    assert begin(stranger, collection).status_code == 404
    assert stranger.get("/api/uploads/").json()["results"] == []
    assert len(api.get("/api/uploads/").json()["results"]) == 1


def test_token_needs_the_scope_to_write(collection):
    _token, key = services.create_token(collection.owner, "reading", "read")
    reading = APIClient(headers={"authorization": f"Bearer {key}"})
    assert begin(reading, collection).status_code == 403


def test_session_needs_the_csrf_token(collection):
    client = Client(enforce_csrf_checks=True)
    client.force_login(collection.owner)
    assert begin(client, collection).status_code == 403


def test_list_takes_the_same_queries_for_one_and_for_three(
    api, collection, django_assert_num_queries
):
    for count in (1, 2):
        for number in range(count):
            begun(api, collection, name=f"{count}{number}.txt")
        with django_assert_num_queries(3):
            api.get("/api/uploads/")


def test_expired_uploads_and_files_without_a_row_are_swept(api, collection):
    begun(api, collection, name="old.txt")
    Upload.objects.update(expires=timezone.now() - timedelta(seconds=1))
    kept = upload_of(begun(api, collection))
    stray = partial_files.folder() / "stray"
    stray.touch()
    os.utime(stray, (0, 0))
    os.utime(partial_files.path_of(kept), (0, 0))
    assert partial_files.sweep() == 1
    assert (list(Upload.objects.all()), files()) == ([kept], [str(kept.pk)])
