"""Plain similarity, and the commands `similar` and `cluster` as users see them."""

import io
import json

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command

from collections_app import services, vectors
from collections_app.services import Incoming, Rejected
from search_app.queries import documents
from search_app.search import similar
from tests.factories import CollectionFactory, DocumentFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

TEXTS = {
    "a/bread": "Rye bread from the oven.",
    "a/ship": "A ship leaves the harbour.",
    "a_bread": "Rye bread with butter from the shop.",
    "b%toast": "Bread that was toasted.",
}


@pytest.fixture
def collection():
    made = CollectionFactory(owner=UserFactory(username="ada"), name="notes")
    embedded(made, TEXTS)
    return made


def ids(found):
    return [one.document.external_id for one in found]


def test_similar_is_the_cosine_of_the_best_passage(collection, django_assert_num_queries):
    vectors.embed_query(collection.embedding_model, "rye bread")
    with django_assert_num_queries(2):
        found = similar(collection.owner, collection, text="rye bread")
    query = vectors.embed_query(collection.embedding_model, "rye bread")
    for one in found:
        text = TEXTS[one.document.external_id]
        [row] = vectors.embed(collection.embedding_model, [text], "passage")
        assert (one.passage.text, one.score) == (text, pytest.approx(float(row @ query)))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert set(ids(found)[:2]) == {"a/bread", "a_bread"}


def test_similar_to_a_document_leaves_it_out_and_goes_by_its_mean(collection):
    long = "\n\n".join(["Bread " * 30, "Harbour " * 30, "Oven " * 30])
    [document] = embedded(collection, {"long": long})
    found = similar(collection.owner, collection, document=document)
    assert sorted(ids(found)) == sorted(TEXTS)
    mean = documents.vector_of(document)
    best = vectors.embed(collection.embedding_model, [found[0].passage.text], "passage")[0]
    assert found[0].score == pytest.approx(float(mean @ best), abs=1e-6)
    assert np.linalg.norm(mean) == pytest.approx(1)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("a/", ["a/bread", "a/ship"]),
        ("a_", ["a_bread"]),
        ("b%", ["b%toast"]),
        ("%", []),
        ("a\x00", []),
        ("", sorted(TEXTS)),
    ],
)
def test_a_prefix_is_taken_to_the_letter(collection, prefix, expected):
    found = similar(collection.owner, collection, text="bread", prefix=prefix)
    assert sorted(ids(found)) == expected


def test_a_filter_never_leaves_the_page_short(collection):
    embedded(collection, {f"near{n}": "Rye bread." for n in range(30)})
    found = similar(collection.owner, collection, text="Rye bread.", prefix="a/", limit=2)
    assert ids(found) == ["a/bread", "a/ship"]


def test_similar_in_what_one_may_not_see_finds_nothing(collection):
    for user in (AnonymousUser(), UserFactory()):
        assert similar(user, collection, text="bread") == []


def test_similar_to_a_document_of_another_collection_finds_nothing(collection):
    [other] = embedded(CollectionFactory(owner=collection.owner), {"x": "Bread."})
    assert similar(collection.owner, collection, document=other) == []


def test_similar_to_what_has_no_vector_is_rejected(collection):
    with pytest.raises(Rejected, match="has not been embedded yet"):
        similar(collection.owner, collection, document=DocumentFactory(collection=collection))
    with pytest.raises(Rejected, match="nothing to search for"):
        similar(collection.owner, collection, text=" ")


def run(*args, **options):
    out = io.StringIO()
    call_command(*args, owner="ada", stdout=out, **options)
    return out.getvalue()


def lines(*args, **options):
    return [json.loads(line) for line in run("similar", *args, **options).splitlines()]


def test_similar_prints_a_json_line_for_each_best_first(collection):
    services.add_documents(collection, [Incoming("meta", body="Rye bread.", metadata={"price": 3})])
    embedded(collection, {})
    found = lines("notes", content="Rye bread.")
    assert [list(row) for row in found] == [["id", "score", "content", "metadata"]] * 5
    assert found[0] == {
        "id": "meta",
        "score": pytest.approx(1.0),
        "content": "Rye bread.",
        "metadata": {"price": 3},
    }
    assert {row["id"]: row["content"] for row in found[1:]} == TEXTS
    assert [row["metadata"] for row in found[1:]] == [None] * 4


def test_similar_takes_an_id_a_file_a_number_and_a_prefix(collection, tmp_path):
    near = [row["id"] for row in lines("notes", "a/bread")]
    assert (near[0], sorted(near)) == ("a_bread", ["a/ship", "a_bread", "b%toast"])
    file = tmp_path / "text"
    file.write_text("A ship in the harbour")
    assert [row["id"] for row in lines("notes", input=str(file), number=1)] == ["a/ship"]
    assert [row["id"] for row in lines("notes", content="ship", prefix="a_")] == ["a_bread"]


def test_similar_prints_plain_text(collection):
    embedded(collection, {"m": "Two\nlines."}, metadata={"k": 1})
    shown = run("similar", "notes", content="Two lines.", plain=True, number=1)
    assert shown.startswith(("m (1.0", "m (0.99"))
    assert shown.endswith(')\n\n  Two\n  lines.\n  {"k": 1}\n\n')


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (("nowhere",), {"content": "x"}, "ada has no collection 'nowhere'"),
        (("notes", "gone"), {}, "ID not found in collection: gone"),
        (("notes",), {}, "Must provide content or an ID for the comparison"),
        (("notes",), {"content": " "}, "No content provided"),
        (("notes",), {"content": "x", "binary": True}, "does not support binary data"),
        (("notes",), {"content": "x", "database": "a.db"}, "import_llm_db a.db"),
        (("notes",), {"content": "x", "number": 0}, "must be 1 or more"),
        (("notes",), {"input": "/no/such"}, "/no/such cannot be read"),
    ],
)
def test_similar_says_what_was_wrong(collection, args, options, message):
    with pytest.raises(CommandError, match=message):
        run("similar", *args, **options)


def test_cluster_prints_the_clusters_with_their_items(collection):
    found = json.loads(run("cluster", "notes", 2))
    assert [list(row) for row in found] == [["id", "items"]] * 2
    items = {item["id"]: item["content"] for row in found for item in row["items"]}
    assert items == TEXTS
    assert [{item["id"] for item in row["items"]} for row in found][1] == {"a/ship"}
    named = json.loads(run("cluster", "notes", 2, summary=True))
    assert [row["summary"].split(", ")[0].lower() for row in named][1] != ""
    assert [row["items"] for row in named] == [row["items"] for row in found]


def test_cluster_of_nothing_is_an_empty_list():
    CollectionFactory(owner=UserFactory(username="ada"), name="empty")
    assert json.loads(run("cluster", "empty")) == []


@pytest.mark.parametrize(
    ("args", "message"),
    [(("nowhere", 2), "no collection 'nowhere'"), (("notes", 0), "between 1 and 100")],
)
def test_cluster_says_what_was_wrong(collection, args, message):
    with pytest.raises(CommandError, match=message):
        run("cluster", *args)


@pytest.fixture
def functions():
    made = CollectionFactory(owner=UserFactory(username="eve"), name="code")
    for key, kind, waits in (
        ("a", "method", True),
        ("b", "function", True),
        ("c", "method", False),
    ):
        embedded(made, {key: "def row(): ..."}, metadata={"kind": kind, "async": waits})
    return made


def test_similar_takes_what_the_metadata_holds(functions):
    def found(**metadata):
        return ids(similar(functions.owner, functions, text="row", metadata=metadata))

    assert sorted(found()) == ["a", "b", "c"]
    assert sorted(found(kind="method")) == ["a", "c"]
    assert found(**{"kind": "method", "async": True}) == ["a"]
    assert found(kind="class") == []
    with pytest.raises(Rejected, match="NUL"):
        found(kind="\x00")


def test_command_and_api_take_the_filter(functions, client):
    out = io.StringIO()
    where = '{"kind": "function"}'
    call_command("similar", "code", "-c", "row", "--where", where, "--owner", "eve", stdout=out)
    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == ["b"]
    client.force_login(functions.owner)
    address = f"/api/collections/{functions.pk}/similar/"
    answer = client.get(address, {"q": "row", "metadata": where})
    assert [one["document"]["external_id"] for one in answer.json()] == ["b"]
    for bad in ("[1]", "{", '{"a": "\\u0000"}', "[" * 5000):
        answer = client.get(address, {"q": "row", "metadata": bad})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["metadata"])
