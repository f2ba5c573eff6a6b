"""Archives and mailboxes, uploaded by page and API: a run adds what is in them."""

import io
import tarfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from collections_app import ingest, sources
from collections_app.models import Document, Run
from tests.collections_app.test_containers import letters, tarred, zipped
from tests.collections_app.test_hostile_archives import bomb
from tests.collections_app.test_images import picture
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db(transaction=True)

NOTES = {f"notes/{n // 10}/note {n}.md": f"# Note {n}\n\nBoat {n}.".encode() for n in range(30)}


def woken() -> None:
    """The workers' wake-up call, which these tests do not need."""


@pytest.fixture
def collection(client, media):
    collection = CollectionFactory()
    client.force_login(collection.owner)
    return collection


def by_page(client, collection, name, data):
    file = SimpleUploadedFile(name, data)
    response = client.post(reverse("documents_add", args=[collection.pk]), {"files": [file]})
    assert (response.status_code, response["Location"]) == (302, collection.get_absolute_url())


def by_api(client, collection, name, data):
    url = f"/api/collections/{collection.pk}/documents/"
    response = client.post(url, {"files": [SimpleUploadedFile(name, data)]})
    assert response.status_code == 201
    body = response.json()
    assert (body["added"], body["problems"]) == ([], [])
    assert body["runs"] == [Run.objects.latest("pk").pk]


def worked():
    """What a worker does; the last run as it stands then."""
    sources.work(60, woken)
    ingest.run()
    return Run.objects.latest("pk")


def ready(collection):
    return {row.external_id: row.state for row in collection.documents.all()}


def problems(run):
    return {one.external_id: one.reason for one in run.problems.all()}


@pytest.mark.parametrize("send", [by_page, by_api])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_the_30_files_of_an_archive_become_documents(send, pack, client, collection):
    send(client, collection, "archive", pack(NOTES))
    assert not collection.documents.exists()
    run = worked()
    assert (run.state, run.added, run.failed, run.error) == ("done", 30, 0, "")
    assert ready(collection) == dict.fromkeys(NOTES, "ready")
    document = collection.documents.get(external_id="notes/2/note 29.md")
    assert (document.title, document.text) == ("Note 29", "# Note 29\n\nBoat 29.")
    send(client, collection, "archive", pack(NOTES))
    again = worked()
    assert (again.state, again.added, again.changed, again.unchanged) == ("done", 0, 0, 30)


def test_an_archive_of_the_same_name_takes_the_place_of_the_one_before(client, collection):
    by_page(client, collection, "notes.zip", zipped(NOTES))
    worked()
    changed = {**NOTES, "notes/0/note 0.md": b"Quite another note."}
    del changed["notes/0/note 1.md"]
    by_page(client, collection, "notes.zip", zipped(changed))
    run = worked()
    assert (run.state, run.changed, run.unchanged, run.removed) == ("done", 1, 28, 1)
    assert set(ready(collection)) == set(changed)


def test_all_kinds_of_content_arrive_and_what_cannot_be_taken_has_its_reason(
    client, collection, tmp_path
):
    letters(tmp_path / "box", 2)
    file = io.BytesIO(tarred({"in tar.txt": b"Words in a tar."}))
    with tarfile.open(fileobj=file, mode="a") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    data = zipped({
        "a.txt": b"Words.",
        "boat.png": picture(),
        "in.mbox": (tmp_path / "box").read_bytes(),
        "in.tar": file.getvalue(),
        "bomb.zip": bomb(45),
        "empty.txt": b"",
        "../../etc/passwd": b"Words of a path that climbs.",
        "__MACOSX/._a.txt": b"junk",
    })  # fmt: skip
    by_page(client, collection, "mixed.zip", data)
    run = worked()
    assert run.state == "done"
    assert ready(collection) == dict.fromkeys(
        [
            "a.txt", "boat.png", "etc/passwd", "in.tar/in tar.txt",
            "in.mbox/0001 Engine 0 β.eml", "in.mbox/0002 Engine 1 β.eml",
        ],
        "ready",
    )  # fmt: skip
    assert problems(run) == {
        "bomb.zip/zeros": "It unpacks to more than 200 times its size, as in a ZIP bomb.",
        "empty.txt": "The file is empty: it has 0 bytes.",
        "in.tar/link": "It is a link to another file, not a file.",
    }
    assert collection.documents.get(external_id="boat.png").blob.width == 60


def test_of_an_archive_that_is_cut_off_what_came_stays_and_the_run_says_so(client, collection):
    data = tarred({f"{n}.txt": b"Words %d. " % n * 100 for n in range(30)})
    by_page(client, collection, "cut.tar", data[: len(data) // 2])
    run = worked()
    assert run.state == "failed"
    assert "The tar archive ends" in run.error
    assert 10 < Document.objects.filter(collection=collection, state="ready").count() < 30


def test_a_document_that_is_a_zip_inside_stays_one_document(client, collection):
    office = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"})
    by_page(client, collection, "paper.docx", office)
    assert list(ready(collection)) == ["paper.docx"]
    assert not Run.objects.exists()


def test_archive_whose_ids_another_has_says_so_and_comes_in_under_others(client, collection):
    by_page(client, collection, "one.zip", zipped({"a.md": b"Boats.", "b.md": b"Harbours."}))
    worked()
    by_page(client, collection, "two.zip", zipped({"a.md": b"Boats.", "b.md": b"Other."}))
    run = worked()
    assert (run.added, run.unchanged, run.skipped) == (0, 1, 1)
    assert problems(run) == {
        "b.md": "The source “one.zip” of this collection has a document of this id. "
        "To have both, put something before the ids here."
    }
    edit = reverse("source_edit", args=[run.source_id])
    data = {"name": "two.zip", "media_type": "text/plain", "before": "two/"}
    assert client.post(edit, data).status_code == 302
    client.post(reverse("source_run", args=[run.source_id]))
    run = worked()
    assert (run.added, run.skipped) == (2, 0)
    assert set(ready(collection)) == {"a.md", "b.md", "two/a.md", "two/b.md"}
    by_page(client, collection, "two.zip", zipped({"a.md": b"Boats.", "b.md": b"New."}))
    run = worked()  # the same name again: what was chosen for it stays
    assert (run.added, run.changed, run.unchanged, run.skipped) == (0, 1, 1, 0)
