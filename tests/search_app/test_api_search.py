"""Search and similarity by the API: answers, visibility, bad input, limits, what they cost."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.throttling import SimpleRateThrottle

from collections_app.models import ApiToken
from collections_app.services import create_token
from search_app.analysis.weights import Weights
from search_app.evaluation import weighing
from search_app.models import DocumentVector
from search_app.related import refresh
from tests.factories import (
    CollectionFactory,
    DocumentFactory,
    EmbeddingModelFactory,
    UserFactory,
    embedded,
)

pytestmark = pytest.mark.django_db

SEARCH = "/api/search/"
PROBLEM = "application/problem+json"


@pytest.fixture
def collection():
    made = CollectionFactory(public=True)
    embedded(
        made,
        {
            "boats/a": "The harbour at dawn.",
            "boats/b": "The harbour at dusk.",
            "food/c": "Bread with butter at dawn.",
        },
        metadata={"by": "Ada"},
    )
    return made


def similar(client, collection, **values):
    return client.get(f"/api/collections/{collection.pk}/similar/", values)


def ids(found):
    return [one["document"]["external_id"] for one in found]


def test_weights_that_are_applied_rank_the_next_search(client, collection):
    def keywords(**values):
        found = client.get(SEARCH, {"q": "harbour dawn", **values}).json()
        return found["hits"][0]["why"]["parts"].get("keywords", 0)

    before = keywords(collection=collection.pk)
    assert before > 0
    weighing.apply(collection, Weights(keywords=2 * Weights().keywords))
    for one in ({"collection": collection.pk}, {}):  # one collection is read with its weights
        assert keywords(**one) == pytest.approx(2 * before)
    weighing.revert(collection)
    assert keywords(collection=collection.pk) == before


def test_hit_has_its_parts(client, collection):
    found = client.get(SEARCH, {"q": "harbour dawn"}).json()
    hit = found["hits"][0]
    document = collection.documents.get(external_id="boats/a")
    passage = document.passages.get()
    assert found["total"] == 3
    assert hit["document"] == {
        "id": document.pk,
        "collection": collection.pk,
        "external_id": "boats/a",
        "title": document.title,
        "url": f"/d/{document.pk}/",
        "metadata": {"by": "Ada"},
    }
    assert hit["passage"] == {
        "id": passage.pk,
        "ordinal": 0,
        "heading": "",
        "text": "The harbour at dawn.",
        "place": {"line": 1},
        "start": 0,
        "end": 20,
        "token_count": passage.token_count,
        "url": f"/d/{document.pk}/?p=0#p0",
    }
    assert "".join(piece["text"] for piece in hit["snippet"]) == "The harbour at dawn."
    assert [p["text"] for p in hit["snippet"] if p["matched"]] == ["harbour", "dawn"]
    assert sorted(hit["terms"]) == ["dawn", "harbour"]
    assert 0 < hit["vector_score"] < 1
    assert hit["keyword_score"] > 0
    assert hit["score"] > found["hits"][1]["score"]


def test_limit_and_offset(client, collection):
    whole = ids(client.get(SEARCH, {"q": "harbour"}).json()["hits"])
    page = client.get(SEARCH, {"q": "harbour", "limit": 1, "offset": 1}).json()
    assert (ids(page["hits"]), page["total"]) == (whole[1:2], 3)
    assert client.get(SEARCH, {"q": "harbour", "offset": 50}).json()["hits"] == []


def test_who_finds_what(client, collection):
    private = CollectionFactory()
    embedded(private, {"secret": "The harbour at night."})
    _token, key = create_token(private.owner, "reads", ApiToken.Scope.READ)
    bearer = {"Authorization": f"Bearer {key}"}

    def seen(**values):
        answer = client.get(SEARCH, {"q": "harbour", **values}, headers=bearer if own else {})
        return "secret" in answer.text, answer.status_code

    own = False
    assert seen() == (False, 200)
    assert seen(collection=private.pk) == (False, 400)
    client.force_login(UserFactory())
    assert seen() == (False, 200)
    client.logout()
    own = True
    assert seen() == (True, 200)
    assert seen(collection=private.pk) == (True, 200)
    assert seen(collection=collection.pk) == (False, 200)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "q"),
        ({"q": " "}, "q"),
        ({"q": "x" * 100_000}, "q"),
        ({"q": "a\x00b"}, "q"),
        ({"q": "a", "collection": "x"}, "collection"),
        ({"q": "a", "collection": "9" * 40}, "collection"),
        ({"q": "a", "limit": "0"}, "limit"),
        ({"q": "a", "limit": "101"}, "limit"),
        ({"q": "a", "limit": "x"}, "limit"),
        ({"q": "a", "offset": "-1"}, "offset"),
        ({"q": "a", "offset": "1001"}, "offset"),
        ({"q": "a", "offset": "9" * 5000}, "offset"),
    ],
)
def test_bad_search_is_a_problem(client, collection, values, field):
    answer = client.get(SEARCH, values)
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert list(answer.json()["errors"]) == [field]


def test_missing_model_is_a_problem_that_says_what_to_do(client):
    model = EmbeddingModelFactory(name="gone", backend="sentence-transformers", ref="no/such")
    home = CollectionFactory(public=True, embedding_model=model)
    for answer in (client.get(SEARCH, {"q": "harbour"}), similar(client, home, q="harbour")):
        assert (answer.status_code, answer["Content-Type"]) == (503, PROBLEM)
        assert answer.json()["detail"] != ""


def test_similar_to_a_text(client, collection):
    found = similar(client, collection, q="harbour dawn").json()
    assert ids(found)[0] == "boats/a"
    assert len(found) == 3
    assert found[0]["passage"]["text"] == "The harbour at dawn."
    assert found[0]["score"] > found[1]["score"]
    assert ids(similar(client, collection, q="dawn", n=1, prefix="food/").json()) == ["food/c"]
    assert similar(client, collection, q="dawn", prefix="%").json() == []


def test_similar_to_a_document_leaves_it_out(client, collection):
    refresh(collection.pk)
    document = collection.documents.get(external_id="boats/a")
    assert ids(similar(client, collection, document=document.pk).json()) == ["boats/b", "food/c"]


def test_similar_needs_a_document_that_is_embedded(client, collection):
    DocumentVector.objects.all().delete()
    waiting = DocumentFactory(collection=collection)
    answer = similar(client, collection, document=waiting.pk)
    assert answer.status_code == 400
    assert "has not been embedded yet" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "non_field_errors"),
        ({"q": "a", "document": "1"}, "document"),
        ({"document": "x"}, "document"),
        ({"q": "a", "n": "101"}, "n"),
        ({"q": "a", "n": "x"}, "n"),
        ({"q": "x" * 100_000}, "q"),
        ({"q": "a", "prefix": "\x00"}, "prefix"),
    ],
)
def test_bad_similar_is_a_problem(client, collection, values, field):
    collection.documents.all().delete()
    answer = similar(client, collection, **values)
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert list(answer.json()["errors"]) == [field]


def test_document_of_another_collection_is_no_choice(client, collection):
    [other] = embedded(CollectionFactory(public=True), {"x": "harbour"})
    answer = similar(client, collection, document=other.pk)
    assert list(answer.json()["errors"]) == ["document"]


def test_similar_in_a_private_collection_is_404(client, collection):
    private = CollectionFactory()
    assert similar(client, private, q="harbour").status_code == 404
    client.force_login(private.owner)
    assert similar(client, private, q="harbour").status_code == 200


def test_visitors_are_slowed_down(client, collection, monkeypatch):
    monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, "search", "2/min")
    cache.clear()
    answers = [client.get(SEARCH, {"q": "harbour"}) for _ in range(2)]
    answers.append(similar(client, collection, q="harbour"))
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0
    client.force_login(UserFactory())
    assert client.get(SEARCH, {"q": "harbour"}).status_code == 200
    cache.clear()


def test_other_sites_may_search(client, collection):
    answer = client.get(SEARCH, {"q": "harbour"}, headers={"Origin": "https://example.org"})
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_cost_does_not_grow_with_hits(client, collection):
    def cost(url, **values):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url, {"q": "harbour", **values}).status_code == 200
        return len(queries)

    url = f"/api/collections/{collection.pk}/similar/"
    cost(SEARCH)  # what is kept of a collection is kept now
    assert cost(SEARCH, limit=1) == cost(SEARCH, limit=3)
    assert cost(url, n=1) == cost(url, n=3)
