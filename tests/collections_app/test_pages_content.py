"""Adding content on the page: files, many at once, pasted text, and everything bad."""

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from collections_app import ingest
from collections_app.models import Document
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db

JSON = {"headers": {"accept": "application/json"}}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def collection(client, media):
    collection = CollectionFactory()
    client.force_login(collection.owner)
    return collection


def send(client, collection, *files, paths=(), **extra):
    """Post `(name, bytes)` pairs as the page's form does."""
    uploads = [SimpleUploadedFile(name, data) for name, data in files]
    data = {"files": uploads, "paths": list(paths)}
    return client.post(reverse("documents_add", args=[collection.pk]), data, **extra)


def paste(client, collection, **fields):
    data = {"title": "Note", "text": "Words.", "media_type": "text/plain"} | fields
    return client.post(reverse("text_add", args=[collection.pk]), data)


def ids(collection):
    return list(collection.documents.order_by("pk").values_list("external_id", flat=True))


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def problems(response):
    return {one.external_id: one.message for one in response.context["problems"]}


def test_files_go_in_and_lead_to_the_collection(client, collection):
    response = send(client, collection, ("a.md", b"# A\n\nWords."), ("b.txt", b"Words."))
    assert (response.status_code, response["Location"]) == (302, collection.get_absolute_url())
    assert said(response) == ["2 documents added."]
    assert ids(collection) == ["a.md", "b.txt"]
    again = send(client, collection, ("a.md", b"# A\n\nWords."), ("b.txt", b"Other."))
    assert said(again)[-2:] == ["1 document added.", "1 document was here already, unchanged."]


def test_script_gets_counts_and_problems_as_json(client, collection):
    response = send(client, collection, ("a.txt", b"Words."), ("empty.txt", b""), **JSON)
    assert response.status_code == 200
    assert response.json() == {
        "added": 1,
        "changed": 0,
        "unchanged": 0,
        "problems": {"empty.txt": "The file is empty: it has 0 bytes."},
        "notes": {},
    }
    again = send(client, collection, ("a.txt", b"Words."), **JSON).json()
    assert again["notes"] == {"a.txt": "This file is here already, unchanged; it is one document."}


def test_page_says_that_a_file_came_twice(client, collection):
    response = send(client, collection, ("a.txt", b"Words."), ("a.txt", b"Words."))
    assert said(response) == ["1 document added.", "1 file came twice; it is one document."]
    assert ids(collection) == ["a.txt"]


def test_answer_depends_on_accept(client, collection):
    assert "Accept" in send(client, collection, ("a.txt", b"Words."), **JSON)["Vary"]


def test_files_of_a_folder_keep_their_paths(client, collection):
    files = [("index.md", b"One."), ("index.md", b"Two.")]
    send(client, collection, *files, paths=["notes/a/index.md", "notes/b/index.md"], **JSON)
    assert ids(collection) == ["notes/a/index.md", "notes/b/index.md"]


def test_paths_that_climb_are_made_safe_and_problems_name_them_as_sent(client, collection):
    files = [("passwd", b"Words."), ("x.txt", b""), ("y.txt", b"Words.")]
    paths = ["../../etc/passwd", "/x.txt", ".."]
    response = send(client, collection, *files, paths=paths, **JSON)
    assert ids(collection) == ["etc/passwd"]
    assert response.json()["problems"] == {
        "/x.txt": "The file is empty: it has 0 bytes.",
        "..": "The file has no usable name. Rename it.",
    }


def test_bad_files_are_listed_and_the_others_go_in(client, collection, settings):
    settings.MAX_UPLOAD_BYTES = 1024
    files = [("empty.txt", b""), ("good.txt", b"Words."), ("huge.txt", b"x" * 1025)]
    files += [("twice.txt", b"One."), ("twice.txt", b"Two.")]
    response = send(client, collection, *files)
    assert response.status_code == 422
    assert problems(response) == {
        "empty.txt": "The file is empty: it has 0 bytes.",
        "huge.txt": "The file is too large: the limit is 0.000977 MB (MAX_UPLOAD_BYTES).",
        "twice.txt": "Another item in this batch has the same id; this one was left out.",
    }
    assert "3 items were not added. Everything else was." in response.content.decode()
    assert ids(collection) == ["good.txt", "twice.txt"]


def test_name_with_markup_is_shown_as_text(client, collection):
    page = send(client, collection, ("<b>x.txt", b"")).content.decode()
    assert "&lt;b&gt;x.txt" in page
    assert "<b>x.txt" not in page


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_request_without_files_says_so(client, collection, accept):
    response = send(client, collection, headers={"accept": accept})
    assert response.status_code == 422
    assert "No file came. Choose one or more files." in response.content.decode()


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_more_files_than_one_request_takes(client, collection, settings, accept):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = settings.MAX_FILES_PER_UPLOAD = 2
    files = [(f"{n}.txt", b"Words.") for n in range(3)]
    response = send(client, collection, *files, headers={"accept": accept})
    assert response.status_code == 413
    assert response["Content-Type"].startswith(accept)
    assert "These are more files than the 2 that one request takes." in response.content.decode()
    assert ids(collection) == []


def test_limits_tell_a_stranger_nothing(client, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 1
    client.handler.enforce_csrf_checks = True  # which is what reads the body first
    client.cookies["csrftoken"] = "a" * 32
    files = [("a.txt", b"Words."), ("b.txt", b"Words.")]
    assert send(client, CollectionFactory(public=True), *files).status_code == 404


def test_text_over_the_size_of_a_request(client, collection, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = paste(client, collection, text="x" * 101)
    assert response.status_code == 413
    assert "The request is larger than 100 bytes." in response.content.decode()


def test_pasted_text_goes_in_with_plain_line_ends(client, collection):
    response = paste(client, collection, title="Harbour", text="A quiet\r\nmorning.")
    assert (response.status_code, response["Location"]) == (302, collection.get_absolute_url())
    document = collection.documents.get()
    assert (document.external_id, document.title) == ("Harbour", "Harbour")
    assert (document.body, document.media_type) == ("A quiet\nmorning.", "text/plain")


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"title": ""}, "title", "This field is required."),
        ({"text": ""}, "text", "There is no text to add. Paste some."),
        ({"text": "a\x00b"}, "text", "Null characters are not allowed."),
        ({"media_type": "image/png"}, "media_type", "Select a valid choice. image/png is not one"),
    ],
)
def test_bad_text_is_refused_at_its_field_and_kept(client, collection, fields, field, message):
    response = paste(client, collection, **fields)
    assert response.status_code == 422
    assert response.context["form"].errors[field][0].startswith(message)
    assert response.context["form"]["title"].value() == fields.get("title", "Note")
    assert ids(collection) == []


def test_blank_text_is_a_problem_of_the_item(client, collection):
    response = paste(client, collection, text=" \n ")
    assert problems(response) == {"Note": "The text is empty. Give it some words."}


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("picture.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "The picture is damaged"),
        ("nul.txt", b"words\x00words " * 20, "This file cannot be read"),
        ("mark.txt", b"\xef\xbb\xbfwords \xff\xfe", "The file begins with a UTF-8 mark but is not"),
        ("script.html", f"<html><body>{SCRIPT}</body></html>".encode(), "No text was found"),
    ],
)
def test_unreadable_file_stands_on_the_page_with_its_reason(client, collection, name, data, reason):
    assert send(client, collection, (name, data)).status_code == 302
    ingest.run()
    page = client.get(collection.get_absolute_url())
    [failure] = page.context["progress"].failures
    assert failure.external_id == name
    assert failure.error.startswith(reason)
    assert "1 document could not be embedded" in page.content.decode()
    assert SCRIPT not in page.content.decode()


def test_thousands_of_files_in_batches_lose_none(client, collection):
    for start in range(0, 1000, 200):
        files = [(f"{n}.txt", b"Note %d." % n) for n in range(start, start + 200)]
        assert send(client, collection, *files, **JSON).json()["added"] == 200
    assert collection.documents.filter(state=Document.State.QUEUED).count() == 1000
