"""Input that nothing can be made of: a clear answer, never an error of ours."""

import pytest

from collections_app.models import EmbeddingModel
from collections_app.services.accounts import create_token
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def home(client):
    made = CollectionFactory()
    embedded(made, {f"d{n}": f"Note {n} about boats in harbour {n}." for n in range(25)})
    client.force_login(made.owner)
    return made


def key(home):
    return {"Authorization": f"Bearer {create_token(home.owner, 'test')[1]}"}


@pytest.mark.parametrize("name", ["a\x00b", "\ud83d", 5, ["x"], "no such model"])
@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/api/collections/", {"name": "New", "embedding_model": ...}),
        ("/api/embed/", {"text": "boats", "model": ...}),
        ("/api/compare/", {"a": {"text": "x"}, "b": {"text": "y"}, "model": ...}),
        ("/api/collections/{pk}/model-change/", {"model": ...}),
        ("/api/sql/", {"sql": "SELECT 1", "model": ...}),
    ],
)
def test_a_model_that_cannot_be_is_refused_with_its_field(client, home, address, body, name):
    given = {key: name if value is ... else value for key, value in body.items()}
    answer = client.post(address.format(pk=home.pk), given, content_type=JSON)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) <= {"model", "embedding_model"}
    if name == "no such model":
        assert "GET /api/models/ lists them" in answer.text


@pytest.mark.parametrize("name", ["a\x00b", "\ud83d"])
def test_no_model_is_called_what_no_table_takes(client, home, name):
    EmbeddingModelFactory()
    assert not EmbeddingModel.objects.called(name).exists()
    sent = {"model": name, "input": "boats"}
    answer = client.post("/v1/embeddings", sent, content_type=JSON, headers=key(home))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_an_estimate_for_a_name_with_a_null_is_not_found(client, home):
    address = f"/api/collections/{home.pk}/model-change/estimate/"
    assert client.get(address, {"model": "a\x00b"}).status_code == 404


def test_without_a_change_the_answer_says_to_begin_one(client, home):
    address = f"/api/collections/{home.pk}/model-change/"
    for answer in (
        client.post(f"{address}switch/", {}, JSON),
        client.get(f"{address}compare/?q=x"),
    ):
        assert answer.status_code == 404
        assert "Begin one first" in answer.json()["detail"]


@pytest.mark.parametrize("page", ["2", "3", "9999", "99999", "9" * 18])
def test_pages_past_the_end_show_the_last_one(client, home, page):
    shown = client.get("/search/", {"q": "boats", "page": page})
    assert (shown.status_code, shown.context["page"].number) == (200, 2)


@pytest.mark.parametrize("page", ["0", "-1", "x", "\x00", "9" * 30])
def test_what_is_no_page_shows_the_first(client, home, page):
    assert client.get("/search/", {"q": "boats", "page": page}).context["page"].number == 1


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("type:>3", "no type “>3”"), ("language:a..b", "“a..b”"), ("source:*", "no source “*”")],
)
def test_a_filter_that_cannot_be_is_named_as_it_was_written(client, home, wanted, said):
    for address in ("/api/search/", "/search/"):
        answer = client.get(address, {"q": "boats", "filter": wanted})
        assert answer.status_code in (400, 422)
        told = answer.json()["detail"] if address.startswith("/api") else answer.text
        assert said.replace(">", "&gt;") in told or said in told


def test_an_import_of_nothing_is_refused(client, home):
    address = f"/api/collections/{home.pk}/judged-queries/import/"
    for sent in ({}, {"queries": " ", "qrels": "\n"}):
        answer = client.post(address, sent, content_type=JSON)
        assert answer.status_code == 400
        assert "Send queries, judgements" in answer.json()["errors"]["qrels"][0]


@pytest.mark.parametrize(
    "query",
    [
        "the of and", "-boats -note", '-"note 1"', '"boats in', '"boats "in', "b*", "*", "-----",
        "🚀🔥", "資料庫 搜尋", "قاعدة", "\u200d\u202e", "% _ \\", "((((a+)+)+)+$",
        "nope:1 boats", "x" * 2000,
    ],
)  # fmt: skip
def test_no_text_is_wrong(client, home, query):
    answer = client.get("/api/search/", {"q": query})
    assert answer.status_code == 200
    assert client.get("/search/", {"q": query}).status_code == 200


def test_other_peoples_collections_are_nowhere(client, home):
    other = UserFactory()
    client.force_login(other)
    asked = {"q": "boats", "collection": home.pk}
    assert client.get("/api/search/", asked).status_code == 400
    assert client.get("/search/", {"q": "boats", "c": home.pk}).status_code == 422
    assert client.get("/api/search/", {"q": "boats"}).json()["hits"] == []
    assert client.get("/api/search/suggest/", {"q": "Not"}).json() == []


def test_truncate_is_true_or_false(client, home):
    sent = {"model": home.embedding_model.name, "input": "boats", "truncate": "yes"}
    answer = client.post("/v1/embeddings", sent, content_type=JSON, headers=key(home))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "truncate")
