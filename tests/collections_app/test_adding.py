"""What goes in, what is refused and with which words."""

import io
import json
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from collections_app import ingest, services
from collections_app.models import Document
from collections_app.services import Incoming, Problem, add_documents, add_files, safe_id
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db


def added(collection, *items):
    return add_documents(collection, items)


def texts(collection):
    return dict(collection.documents.order_by("pk").values_list("external_id", "body"))


def test_documents_wait_for_the_worker():
    collection = CollectionFactory()
    result = added(collection, Incoming("a", body="One."), Incoming("b", body="Two."))
    rows = list(collection.documents.all())
    assert result == services.AddResult(added=[row.pk for row in rows])
    assert [(row.state, row.attempts, row.revision) for row in rows] == [("queued", 0, 1)] * 2


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (Incoming("", body="x"), "The id is empty. Give each document an id of its own."),
        (Incoming(" ", body="x"), "The id is empty. Give each document an id of its own."),
        (
            Incoming("x" * 501, body="x"),
            "The id is too long: 501 characters, the most is 500.",
        ),
        (Incoming("a\nb", body="x"), "The id has control characters in it. Remove them."),
        (Incoming("a\x00b", body="x"), "The id has control characters in it. Remove them."),
        (
            Incoming("a", body="x", title="t" * 501),
            "The title is too long: 501 characters, the most is 500.",
        ),
        (
            Incoming("a", body="x", title="t\x00"),
            "The title has control characters in it. Remove them.",
        ),
        (Incoming("a", body=""), "The text is empty. Give it some words."),
        (Incoming("a", body=" \n"), "The text is empty. Give it some words."),
        (Incoming("a"), "The text is empty. Give it some words."),
        (
            Incoming("a", body="x\x00y"),
            "The text has NUL characters in it. Remove them: text files have none.",
        ),
        (
            Incoming("a", body="x\ud800y"),
            "The text has broken characters in it (lone surrogates). Save it as UTF-8.",
        ),
        (
            Incoming("a", body="x", metadata={"n": float("nan")}),
            "The metadata cannot be written as JSON.",
        ),
        (
            Incoming("a", body="x", metadata=json.loads('{"a":' * 51 + "[]" + "}" * 51)),
            "The metadata is nested too deep: the most is 50 levels.",
        ),
        (
            Incoming("a", body="x", metadata={"n": "\x00"}),
            "The metadata has NUL or broken characters in it. Remove them.",
        ),
        (
            Incoming("a", body="x", metadata={"n": "x" * 100_000}),
            "The metadata is too large: the most is 100000 bytes as JSON.",
        ),
        (
            Incoming("a", body="x", metadata=["x"]),
            'Metadata must be a JSON object, such as {"author": "Ada"}.',
        ),
    ],
)
def test_bad_item_is_a_problem_and_its_neighbours_go_in(item, message):
    collection = CollectionFactory()
    result = added(collection, Incoming("before", body="One."), item, Incoming("z", body="Two."))
    assert result.problems == [Problem(item.external_id, message)]
    assert texts(collection) == {"before": "One.", "z": "Two."}


def test_text_over_the_limit_is_refused(settings):
    settings.MAX_TEXT_CHARS = 10
    result = added(CollectionFactory(), Incoming("a", body="x" * 11))
    message = "The text is too long: 11 characters, the most is 10. Split it."
    assert result.problems == [Problem("a", message)]


def test_second_item_with_the_same_id_is_left_out():
    collection = CollectionFactory()
    result = added(collection, Incoming("a", body="First."), Incoming("a", body="Second."))
    message = "Another item in this batch has the same id; this one was left out."
    assert result.problems == [Problem("a", message)]
    assert texts(collection) == {"a": "First."}


def test_same_content_again_is_unchanged():
    collection = CollectionFactory()
    [document] = embedded(
        collection, {"a": "# Harbour\n\nA quiet morning."}, media_type="text/markdown"
    )
    item = Incoming("a", body="# Harbour\n\nA quiet morning.", media_type="text/markdown")
    assert added(collection, item) == services.AddResult(unchanged=[document.pk])
    document.refresh_from_db()
    assert (document.state, document.revision) == ("ready", 1)


@pytest.mark.parametrize(
    "item",
    [
        Incoming("a", body="Other words."),
        Incoming("a", body="A quiet morning.", title="Harbour"),
        Incoming("a", body="A quiet morning.", metadata={"year": 1999}),
        Incoming("a", body="A quiet morning.", media_type="text/markdown"),
    ],
)
def test_known_id_with_something_new_is_an_edit(item):
    collection = CollectionFactory()
    [document] = embedded(collection, {"a": "A quiet morning."})
    assert added(collection, item) == services.AddResult(changed=[document.pk])
    document.refresh_from_db()
    assert (document.state, document.revision) == ("queued", 2)
    assert document.text == "A quiet morning."
    assert document.passages.count() == 1
    ingest.run()
    assert added(collection, item) == services.AddResult(unchanged=[document.pk])


def test_ids_are_told_apart_by_collection():
    one, other = CollectionFactory(), CollectionFactory()
    added(one, Incoming("a", body="One."))
    assert len(added(other, Incoming("a", body="Two.")).added) == 1


def test_adding_to_a_deleted_collection_is_refused():
    collection = CollectionFactory()
    services.delete_collection(collection)
    with pytest.raises(services.Rejected, match="The collection has been deleted"):
        added(collection, Incoming("a", body="One."))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("notes/a.md", "notes/a.md"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("..\\..\\windows\\system.ini", "windows/system.ini"),
        ("C:\\notes\\a.md", "notes/a.md"),
        ("a/./b//c.md", "a/b/c.md"),
        ("a\x00b\n.md", "ab.md"),
        ("..", ""),
    ],
)
def test_file_names_become_safe_ids(name, expected):
    assert safe_id(name) == expected


def test_file_whose_name_climbs_is_kept_under_a_safe_id(media, tmp_path):
    collection = CollectionFactory()
    source = tmp_path / "x.txt"
    source.write_text("Words.")
    add_files(collection, [services.NamedPath(source, "../../x.txt")])
    assert [document.external_id for document in collection.documents.all()] == ["x.txt"]
    assert {path.parent.parent.name for path in media.rglob("*") if path.is_file()} == {"blobs"}


def test_bad_files_are_reported_and_the_others_go_in(media, settings):
    settings.MAX_UPLOAD_BYTES = 1024
    collection = CollectionFactory()
    files = [
        SimpleUploadedFile("empty.txt", b""),
        SimpleUploadedFile("good.txt", b"Words."),
        SimpleUploadedFile("huge.txt", b"x" * 1025),
        SimpleUploadedFile("twice.txt", b"One."),
        SimpleUploadedFile("twice.txt", b"Two."),
    ]
    result = add_files(collection, files)
    assert {one.external_id: one.message for one in result.problems} == {
        "empty.txt": "The file is empty: it has 0 bytes.",
        "huge.txt": "The file is too large: the limit is 0.000977 MB (MAX_UPLOAD_BYTES).",
        "twice.txt": "Another item in this batch has the same id; this one was left out.",
    }
    assert list(collection.documents.values_list("external_id", flat=True)) == [
        "good.txt",
        "twice.txt",
    ]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("picture.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "The picture is damaged"),
        ("blank.txt", b" \n\t\n", "There is only white space in it"),
        ("nul.txt", b"words\x00words " * 20, "This file cannot be read"),
        ("mark.txt", b"\xef\xbb\xbfwords \xff\xfe", "The file begins with a UTF-8 mark but is not"),
        (
            "script.html",
            b"<html><body><script>alert(1)</script></body></html>",
            "No text was found",
        ),
    ],
)
def test_unreadable_file_is_set_aside_with_its_reason(media, name, data, reason):
    collection = CollectionFactory()
    add_files(collection, [SimpleUploadedFile(name, data), SimpleUploadedFile("b.txt", b"Words.")])
    ingest.run()
    bad, good = collection.documents.order_by("pk")
    assert (bad.state, bad.error_stage, bad.attempts) == ("set_aside", "extract", 1)
    assert bad.error.startswith(reason)
    assert good.state == Document.State.READY


def test_other_encodings_are_read(media):
    collection = CollectionFactory()
    words = "Ein größeres Café für Gäste, hübsch und schön über dem Fluß gelegen."
    add_files(collection, [SimpleUploadedFile("a.txt", words.encode("cp1252"))])
    ingest.run()
    assert collection.documents.get().text == words


def test_ten_thousand_files_at_once(media):
    collection = CollectionFactory()
    files = (SimpleUploadedFile(f"{n}.txt", b"Note %d." % (n % 50)) for n in range(10_000))
    started = time.process_time()
    result = add_files(collection, files)
    assert (len(result.added), result.problems) == (10_000, [])
    assert collection.documents.count() == 10_000
    assert time.process_time() - started < 120


def test_store_blob_shares_equal_bytes(media):
    one = services.store_blob(io.BytesIO(b"same"), 100)
    other = services.store_blob(io.BytesIO(b"same"), 100)
    assert one == other
    assert [path.read_bytes() for path in media.rglob("*") if path.is_file()] == [b"same"]
