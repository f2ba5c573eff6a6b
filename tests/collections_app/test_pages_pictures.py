"""Pictures as documents: added, read, shown in lists and on their page, and gone with them."""

import io
import os
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from collections_app import ingest, services, storage
from collections_app.models import Blob, Document
from tests.collections_app.test_hostile_images import png
from tests.collections_app.test_images import camera, picture
from tests.factories import CollectionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection(client, media):
    collection = CollectionFactory()
    client.force_login(collection.owner)
    return collection


def added(collection, **files):
    """Documents of `name=bytes`, worked on; each name gets an ending."""
    uploads = [SimpleUploadedFile(f"{name}.jpg", data) for name, data in files.items()]
    assert services.add_files(collection, uploads).problems == []
    ingest.run()
    return [collection.documents.get(external_id=f"{name}.jpg") for name in files]


def address(name, document):
    return reverse(f"document_{name}", args=[document.pk])


def copies(media):
    return sorted(path.name for path in (media / "copies").rglob("*") if path.is_file())


def test_a_picture_becomes_ready_with_its_words_and_is_found_by_them(client, collection):
    (document,) = added(collection, red_boat=picture("JPEG", exif=camera(6)))
    assert (document.state, document.error) == ("ready", "")
    assert (document.title, document.text) == ("red_boat.jpg", "red boat\n\nA red boat at sea")
    assert document.metadata["taken"] == "2026-05-04T10:20:30"
    assert (document.blob.width, document.blob.height) == (40, 60)
    page = client.get(reverse("search"), {"q": "boat at sea", "c": collection.pk})
    assert address("thumbnail", document) in page.content.decode()


@pytest.mark.parametrize("name", ["picture", "thumbnail"])
def test_copies_are_served_upright_and_so_that_they_can_do_nothing(name, client, collection):
    (document,) = added(collection, boat=picture("JPEG", exif=camera(6)))
    response = client.get(address(name, document))
    data = response.content
    image = Image.open(io.BytesIO(data))
    assert (response.status_code, response["Content-Type"]) == (200, "image/webp")
    assert (image.format, image.size) == ("WEBP", (40, 60))
    assert b"Canon" not in data
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-cache"
    again = client.get(address(name, document), headers={"if-none-match": response["ETag"]})
    assert again.status_code == 304


def test_only_who_may_edit_gets_the_original_with_what_the_camera_wrote(client, media):
    collection = CollectionFactory(visibility="public")
    (document,) = added(collection, boat=picture("JPEG", exif=camera(6)))
    for visitor in (None, UserFactory()):
        if visitor:
            client.force_login(visitor)
        response = client.get(address("file", document))
        assert (response.status_code, response["Location"]) == (302, address("picture", document))
    client.force_login(collection.owner)
    assert b"Canon" in b"".join(client.get(address("file", document)).streaming_content)


def test_pictures_stand_in_lists_and_on_their_page(client, collection):
    (boat,) = added(collection, boat=picture("JPEG"))
    services.add_documents(collection, [services.Incoming("note", body="Words.")])
    ingest.run()
    note = collection.documents.get(external_id="note")
    listed = client.get(collection.get_absolute_url()).content.decode()
    assert address("thumbnail", boat) in listed
    assert address("thumbnail", note) not in listed
    page = client.get(boat.get_absolute_url()).content.decode()
    assert f'<img src="{address("picture", boat)}" width="60" height="40" alt="boat.jpg">' in page
    assert "<figure" not in client.get(note.get_absolute_url()).content.decode()
    assert client.get(address("picture", note)).status_code == 404


def test_the_api_tells_size_and_thumbnail(client, collection):
    (boat,) = added(collection, boat=picture("JPEG"))
    services.add_documents(collection, [services.Incoming("note", body="Words.")])
    rows = client.get(f"/api/collections/{collection.pk}/documents/").json()["results"]
    shown = {row["external_id"]: (row["thumbnail"], row["width"], row["height"]) for row in rows}
    assert shown == {"boat.jpg": (address("thumbnail", boat), 60, 40), "note": (None, None, None)}
    one = client.get(f"/api/documents/{boat.pk}/").json()
    assert (one["thumbnail"], one["width"], one["height"]) == shown["boat.jpg"]


@pytest.mark.parametrize("where", ["page", "api"])
def test_lists_ask_as_much_for_three_pictures_as_for_one(where, client, collection):
    url = collection.get_absolute_url()
    url = url if where == "page" else f"/api/collections/{collection.pk}/documents/"
    added(collection, a=picture("JPEG", size=(10, 10)))
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(url)
    added(collection, b=picture("JPEG", size=(11, 10)), c=picture("JPEG", size=(12, 10)))
    with CaptureQueriesContext(connection) as three:
        client.get(url)
    assert len(three) == len(one)


@pytest.mark.parametrize("name", ["picture", "thumbnail"])
def test_pictures_are_for_those_who_may_see_their_document(name, client, collection):
    (document,) = added(collection, boat=picture("JPEG"))
    client.logout()
    assert client.get(address(name, document)).status_code == 404
    client.force_login(UserFactory())
    assert client.get(address(name, document)).status_code == 404
    collection.visibility = "public"
    collection.save()
    assert client.get(address(name, document)).status_code == 200


def test_equal_files_share_copies_that_go_with_the_last_document(collection, media):
    first, second = added(collection, a=picture("JPEG"), b=picture("JPEG"))
    sha256 = first.blob_id
    assert copies(media) == [f"{sha256}.served", f"{sha256}.thumbnail"]
    services.delete_documents(Document.objects.filter(pk=first.pk))
    assert second.blob_id == sha256
    assert len(copies(media)) == 2
    Document.objects.filter(pk=second.pk).delete()
    assert storage.remove_unused([sha256]) == 1
    assert copies(media) == []


def test_copies_without_a_row_are_swept(collection, media):
    (document,) = added(collection, a=picture("JPEG"))
    kept = copies(media)
    storage.keep_copy("f" * 64, "served", b"orphan")
    for path in media.rglob("*"):
        os.utime(path, (time.time() - 9999,) * 2)
    assert storage.sweep_files() == 1
    assert copies(media) == kept
    assert document.blob_id == Blob.objects.get().pk


def test_lost_copies_are_made_again_when_the_document_is_embedded_again(client, collection, media):
    (document,) = added(collection, a=picture("JPEG"))
    for name in storage.COPIES:
        storage.copy_path_of(document.blob_id, name).unlink()
    assert client.get(address("thumbnail", document)).status_code == 404
    services.reembed(Document.objects.filter(pk=document.pk))
    ingest.run()
    assert client.get(address("thumbnail", document)).status_code == 200


def test_a_picture_that_cannot_be_decoded_is_set_aside_and_the_next_is_ready(client, collection):
    whole = picture("JPEG", size=(300, 300))
    bomb, cut, good = added(collection, bomb=png(50_000, 50_000), cut=whole[:900], good=whole)
    assert [one.state for one in (bomb, cut, good)] == ["set_aside", "set_aside", "ready"]
    assert bomb.error_stage == cut.error_stage == "extract"
    assert "too large: the most is 50 million pixels" in bomb.error
    assert "damaged or not all of it came" in cut.error
    assert client.get(address("thumbnail", cut)).status_code == 404


def test_svg_is_never_shown_as_a_picture(client, collection):
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script>Boat</svg>"
    (document,) = added(collection, drawing=svg)
    assert client.get(address("picture", document)).status_code == 404
    page = client.get(document.get_absolute_url()).content.decode()
    assert "<script>alert(1)" not in page
    download = client.get(reverse("document_file", args=[document.pk]))
    assert download["Content-Disposition"].startswith("attachment")
    assert download.getvalue() == svg
