"""Source files that become a document for each function and class."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from collections_app import ingest, services, sources
from collections_app.intake.code import remove_gone
from collections_app.models import Blob, Collection
from collections_app.pipeline.code.places import line_numbers, placed
from collections_app.pipeline.extracted import Extracted
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]

BOATS = '''\
"""About boats."""

SPEED = 3


class Boat:
    """Floats."""

    def row(self, hard: bool) -> int:
        return SPEED * 2

    async def sink(self):
        pass


def launch():
    return Boat()
'''


@pytest.fixture
def collection():
    return CollectionFactory(split_code=True)


def add(collection, **files):
    uploads = [
        SimpleUploadedFile(name.replace("_py", ".py"), text.encode())
        for name, text in files.items()
    ]
    return services.add_files(collection, uploads)


def ids(collection):
    return list(collection.documents.order_by("external_id").values_list("external_id", flat=True))


def test_file_becomes_a_document_for_each_symbol(collection, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        result = add(collection, boats_py=BOATS)
    assert (len(result.added), result.problems) == (5, [])
    assert ids(collection) == ["boats.py", "boats.py:12", "boats.py:16", "boats.py:6", "boats.py:9"]
    row = collection.documents.get(external_id="boats.py:9")
    assert row.body == "    def row(self, hard: bool) -> int:\n        return SPEED * 2"
    assert (row.title, row.media_type) == ("Boat.row", "text/x-python")
    assert row.metadata == {
        "path": "boats.py",
        "line": 9,
        "lines": "9-10",
        "language": "python",
        "kind": "method",
        "name": "Boat.row",
        "signature": "def row(self, hard: bool) -> int:",
        "typed": "fully",
        "documented": False,
        "public": True,
        "async": False,
    }
    assert not Blob.objects.exists()


def test_passages_know_their_lines_of_the_file(collection):
    add(collection, boats_py=BOATS)
    ingest.run()
    documents = {one.external_id: one for one in collection.documents.all()}
    assert {one.state for one in documents.values()} == {"ready"}
    places = {key: one.passages.first().place for key, one in documents.items()}
    assert places == {
        "boats.py": {"line": 1, "to": 16},
        "boats.py:6": {"line": 6, "to": 12},
        "boats.py:9": {"line": 9, "to": 10},
        "boats.py:12": {"line": 12, "to": 13},
        "boats.py:16": {"line": 16, "to": 17},
    }
    assert documents["boats.py:6"].text == (
        'class Boat:\n    """Floats."""\n\n    def row(self, hard: bool) -> int: ...\n\n'
        "    async def sink(self): ..."
    )


def test_long_function_is_split_and_each_passage_has_its_line(collection):
    body = "".join(f"    the_{n} = 'some words of line {n}'\n" for n in range(60))
    add(collection, long_py=f"x = 1\n\n\ndef long():\n{body}")
    ingest.run()
    document = collection.documents.get(external_id="long.py:4")
    passages = list(document.passages.order_by("ordinal"))
    assert len(passages) > 5
    for one in passages:
        first, last = (4 + document.text[:at].count("\n") for at in (one.start, one.end - 1))
        assert one.place == {"line": first} | ({"to": last} if last > first else {})


def test_unchanged_file_changes_nothing_and_what_vanished_is_removed(collection):
    add(collection, boats_py=BOATS, other_py="def f(): pass")
    again = add(collection, boats_py=BOATS)
    assert (again.added, again.changed, len(again.unchanged)) == ([], [], 5)
    shorter = BOATS.replace("    async def sink(self):\n        pass\n", "")
    add(collection, boats_py=shorter)
    here = ["boats.py", "boats.py:14", "boats.py:6", "boats.py:9"]
    assert ids(collection) == [*here, "other.py", "other.py:1"]


def test_syntax_error_is_told_with_its_line_and_loses_nothing(collection):
    add(collection, boats_py=BOATS)
    result = add(collection, boats_py="x = 1\ndef f(:\n", fine_py="def g(): pass")
    [problem] = result.problems
    assert problem.external_id == "boats.py"
    assert problem.message == "Line 2: invalid syntax. This is no valid Python; mend it."
    assert len(result.added) == 2
    assert len(ids(collection)) == 7


def test_without_the_choice_a_file_is_one_document_with_lines():
    collection = CollectionFactory()
    add(collection, boats_py="\n\n" + BOATS)
    ingest.run()
    document = collection.documents.get()
    assert (document.external_id, document.media_type) == ("boats.py", "text/x-python")
    assert document.passages.first().place == {"line": 3, "to": 19}


def test_choice_can_be_made_and_taken_back(collection):
    add(collection, boats_py=BOATS)
    services.edit_collection(collection, split_code=False)
    add(collection, boats_py=BOATS)
    assert ids(collection) == ["boats.py"]
    services.edit_collection(collection, split_code=True)
    add(collection, boats_py=BOATS)
    assert len(ids(collection)) == 5
    assert collection.documents.get(external_id="boats.py").metadata["kind"] == "module"


def test_documents_of_the_user_are_left_alone(collection):
    own = [
        services.Incoming("note", body="A note.", metadata={"path": "boats.py"}),
        services.Incoming("odd", body="Odd.", metadata={"path": ["boats.py"], "language": 1}),
        services.Incoming("boats.py:99", body="A note.", metadata={"path": "else.py"}),
    ]
    services.add_documents(collection, own)
    add(collection, boats_py=BOATS)
    add(collection, boats_py="def f(): pass")
    assert set(ids(collection)) == {"note", "odd", "boats.py:99", "boats.py", "boats.py:1"}


def test_other_files_and_pasted_text_stay_whole(collection):
    add(collection, notes="def f(): pass")
    services.add_documents(collection, [services.Incoming("a.py", body="def f(): pass")])
    assert ids(collection) == ["a.py", "notes"]


def test_other_languages_and_symbols_of_one_line(collection):
    file = SimpleUploadedFile("a.js", b"function f() { function g() {} }\r\nconst h = () => 1;\r\n")
    services.add_files(collection, [file])
    assert ids(collection) == ["a.js", "a.js:1", "a.js:1:16", "a.js:2"]
    assert collection.documents.get(external_id="a.js:1:16").metadata["name"] == "f.g"


def test_removing_takes_as_many_queries_for_three_files_as_for_one(collection):
    names = {f"{name}_py": "def f(): pass\ndef g(): pass" for name in "abcd"}
    add(collection, **names)
    kept = {f"{name}.py": {f"{name}.py"} for name in "abcd"}
    with CaptureQueriesContext(connection) as one:
        assert remove_gone(collection, {"a.py": kept.pop("a.py")}) == 2
    with CaptureQueriesContext(connection) as three:
        assert remove_gone(collection, kept) == 6
    assert len(one) == len(three)
    assert ids(collection) == ["a.py", "b.py", "c.py", "d.py"]


def test_choice_is_on_the_form_and_in_the_api(client):
    EmbeddingModelFactory(is_default=True)
    user = UserFactory()
    client.force_login(user)
    values = {"name": "Code", "visibility": "private", "language": "english", "split_code": "on"}
    client.post(reverse("collection_new"), values)
    made = Collection.objects.get()
    assert made.split_code
    page = client.get(reverse("collection_edit", args=[made.pk]))
    assert "Split code into functions and classes" in page.text
    client.post(
        reverse("collection_edit", args=[made.pk]), {"name": "Code", "visibility": "public"}
    )
    address = f"/api/collections/{made.pk}/"
    assert client.get(address).json()["split_code"] is False
    answer = client.patch(address, {"split_code": True}, content_type="application/json")
    assert answer.json()["split_code"] is True
    made = client.post("/api/collections/", {"name": "B", "split_code": True}, "application/json")
    assert made.json()["split_code"] is True


@pytest.mark.parametrize(
    ("lines", "numbers"),
    [
        ("3-5,9", [3, 4, 5, 9]),
        ("7", [7]),
        ("", []),
        (None, []),
        (12, []),
        ("1-999999999", []),
        ("a-b", []),
        ("3-", []),
        ("٣-٥", []),
    ],
)
def test_lines_that_a_document_tells_of(lines, numbers):
    assert line_numbers(lines) == numbers


def test_places_of_an_outline():
    found = placed(Extracted(text="a\nb\nc", first_line=1), "3-4,9")
    assert [found.place(at)["line"] for at in (0, 2, 4)] == [3, 4, 9]
    skipped = placed(Extracted(text="b\nc", first_line=2), "3-4,9")
    assert [skipped.place(at)["line"] for at in (0, 2)] == [4, 9]
    assert placed(Extracted(text="a", first_line=1), "nonsense").place(0) == {"line": 1}


@pytest.mark.django_db(transaction=True)
def test_source_follows_its_files_into_their_functions(tmp_path, settings):
    settings.SOURCE_ROOTS = [str(tmp_path)]
    collection = CollectionFactory(split_code=True)
    root = tmp_path / "code"
    root.mkdir()
    (root / "boats.py").write_text(BOATS)
    (root / "other.py").write_text("def f(): pass")
    (root / "bad.py").write_text("def f(:")
    source = services.create_source(collection, "folder", "Code", {"path": str(root)})

    def run():
        made = services.request_run(source)
        sources.work(60, lambda: None)
        made.refresh_from_db()
        return made.state, made.added, made.changed, made.removed, made.failed

    assert run() == ("done", 7, 0, 0, 1)
    (root / "boats.py").unlink()
    (root / "other.py").write_text("def g(): pass\ndef f(): pass")
    assert run() == ("done", 1, 2, 5, 1)
    assert ids(collection) == ["other.py", "other.py:1", "other.py:2"]


def test_deleting_a_source_takes_the_functions_of_its_files_along(tmp_path, settings):
    settings.SOURCE_ROOTS = [str(tmp_path)]
    collection = CollectionFactory(split_code=True)
    (tmp_path / "boats.py").write_text(BOATS)
    source = services.create_source(collection, "folder", "Code", {"path": str(tmp_path)})
    services.request_run(source)
    sources.work(20, lambda: None)
    count = collection.documents.count()
    assert count > 1
    assert services.delete_source(source, keep_documents=False) == count
    assert collection.documents.count() == 0
