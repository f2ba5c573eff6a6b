"""Something put before the ids of uploaded files: page, API and large uploads."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from collections_app import ingest, services, sources
from collections_app.services import uploads
from tests.collections_app.test_attachments import mail
from tests.collections_app.test_containers import zipped
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def collection(client, media):
    collection = CollectionFactory()
    client.force_login(collection.owner)
    return collection


def ids(collection):
    sources.work(60, lambda: None)
    ingest.run()
    return sorted(collection.documents.values_list("external_id", flat=True))


def test_page_takes_it_for_files_and_archives(client, collection):
    address = reverse("documents_add", args=[collection.pk])
    assert 'name="before"' in client.get(address).text
    files = [
        SimpleUploadedFile("a.txt", b"Boats."),
        SimpleUploadedFile("all.zip", zipped({"in/b.txt": b"Harbours."})),
        SimpleUploadedFile("c.eml", mail(**{"d.txt": b"Sails."}).as_bytes()),
        SimpleUploadedFile("rows.csv", b"id,text\n7,Masts\n"),
    ]
    assert client.post(address, {"files": files, "before": "2024/"}).status_code == 302
    wanted = ["2024/7", "2024/a.txt", "2024/c.eml", "2024/c.eml/d.txt", "2024/in/b.txt"]
    assert ids(collection) == wanted


def test_same_names_stand_beside_one_another(collection):
    archive = zipped({"b.txt": b"Harbours."})
    for before in ("", "2024/", "2025/"):
        file = SimpleUploadedFile("all.zip", archive)
        assert services.add_files(collection, [file], before).problems == []
    assert ids(collection) == ["2024/b.txt", "2025/b.txt", "b.txt"]


def test_page_names_the_problem_of_a_file_by_its_own_name(client, collection):
    sent = {"files": [SimpleUploadedFile("a.txt", b"")], "before": "2024/"}
    address = reverse("documents_add", args=[collection.pk])
    answer = client.post(address, sent, headers={"accept": "application/json"}).json()
    assert list(answer["problems"]) == ["a.txt"]


@pytest.mark.parametrize(
    ("before", "key"),
    [("2024/", "2024/a.txt"), ("../../up-", "up-a.txt"), (" ", "a.txt"), ("C:\\x\\", "x/a.txt")],
)
def test_ids_stay_relative(collection, before, key):
    services.add_files(collection, [SimpleUploadedFile("a.txt", b"Boats.")], before)
    assert ids(collection) == [key]


def test_api_takes_it_beside_the_files(client, collection):
    address = f"/api/collections/{collection.pk}/documents/"
    sent = {"files": [SimpleUploadedFile("a.txt", b"Boats.")], "before": "2024/"}
    assert client.post(address, sent).status_code == 201
    assert ids(collection) == ["2024/a.txt"]
    sent = {"files": [SimpleUploadedFile("a.txt", b"Boats.")], "before": "x" * 101}
    refused = client.post(address, sent)
    assert (refused.status_code, "At most 100 characters" in refused.text) == (400, True)


def test_large_upload_takes_it_in_its_metadata(client, collection):
    begun = client.post(
        f"/api/collections/{collection.pk}/uploads/",
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "6",
            "Upload-Metadata": "filename YS50eHQ=,before MjAyNC8=",
        },
    )
    assert (begun.status_code, begun.json()["before"]) == (201, "2024/")
    sent = client.patch(
        begun["Location"],
        b"Boats.",
        content_type="application/offset+octet-stream",
        headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"},
    )
    assert sent.status_code == 204
    assert ids(collection) == ["2024/a.txt"]
    with pytest.raises(services.Rejected, match="no usable name"):
        uploads.begin(collection.owner, collection, "a.txt", 5, before="x" * 101)
