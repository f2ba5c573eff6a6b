"""Searches with filters, syntax, orders, facets and folding: in the API and on the page."""

import pytest

from search_app import search
from search_app.analysis.weights import OF_MEANING, OF_WORDS, Weights
from search_app.models import RankingWeights
from search_app.queries import facets
from search_app.ranking import rank
from search_app.related import refresh
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db

SEARCH = "/api/search/"
TEXTS = {
    "a": ("The harbour at dawn.", {"year": 2001, "kind": "note"}),
    "b": ("The harbour at dusk, with fishing boats.", {"year": 2011, "kind": "note"}),
    "c": ("Bread with butter at dawn.", {"year": 2021, "kind": "recipe"}),
}


@pytest.fixture
def collection():
    made = CollectionFactory(public=True)
    for key, (text, metadata) in TEXTS.items():
        embedded(made, {key: text}, metadata=metadata)
    return made


def ask(client, **values):
    return client.get(SEARCH, values).json()


def ids(found):
    return [hit["document"]["external_id"] for hit in found["hits"]]


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("harbour kind:recipe", ["c"]),
        ("harbour year:>2005", ["b", "c"]),
        ('dawn "the harbour"', ["a", "b"]),
        ("dawn -harbour", ["c"]),
        ('dawn -"fishing boats"', ["a", "c"]),
        ("dawn fish*", ["b"]),
        ("dawn unknown:x", ["a", "b", "c"]),
        ("type:error dawn", ["a", "b", "c"]),
    ],
)
def test_syntax_leaves(client, collection, query, left):
    found = ask(client, q=query)
    assert (sorted(ids(found)), found["total"], found["exact"]) == (left, len(left), True)


def test_what_was_understood_is_said(client, collection):
    asked = ask(client, q='dawn "the harbour" -bread year:>2000', filter="kind:note")["asked"]
    assert asked == {
        "text": "dawn the harbour",
        "phrases": ["the harbour"],
        "excluded": ["bread"],
        "prefixes": [],
        "filters": ["year:>2000", "kind:note"],
    }


def test_filters_without_text_list_in_the_order_asked_for(client, collection):
    assert ids(ask(client, filter="kind:*")) == ["c", "b", "a"]
    assert ids(ask(client, filter="kind:*", sort="added")) == ["a", "b", "c"]
    assert ids(ask(client, filter="kind:*", sort="-year", limit=1, offset=1)) == ["b"]
    assert ids(ask(client, q="harbour", sort="-year")) == ["c", "b", "a"]


@pytest.mark.parametrize(
    "values",
    [
        {"q": "a", "filter": "nothing"},
        {"q": "a", "filter": "type:pfd"},
        {"q": "a", "filter": "year:x..y"},
        {"q": "a", "sort": "kind"},
        {"q": "a", "balance": "2"},
        {"q": "a", "filter": "a\x00:b"},
    ],
)
def test_bad_values_are_problems(client, collection, values):
    answer = client.get(SEARCH, values)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_facets_count_and_their_filters_leave_as_many(client, collection):
    facets = {one["name"]: one["counts"] for one in ask(client, q="dawn", facets="1")["facets"]}
    assert [(one["value"], one["count"]) for one in facets["kind"]] == [("note", 2), ("recipe", 1)]
    for counts in facets.values():
        for one in counts:
            assert ask(client, q="dawn", filter=one["filter"])["total"] == one["count"]


def test_near_duplicates_fold_and_unfold(client, collection):
    embedded(collection, {"copy": TEXTS["a"][0]})
    refresh(collection.pk)
    found = ask(client, q="harbour dawn")
    folded = [one["document"]["external_id"] for one in found["hits"][0]["folded"]]
    assert sorted([ids(found)[0], *folded]) == ["a", "copy"]
    assert found["total"] == 3
    assert ask(client, q="harbour dawn", fold="0")["total"] == 4


def test_score_is_the_sum_of_its_parts(client, collection):
    hit = ask(client, q="harbour dawn")["hits"][0]
    assert sum(hit["why"]["parts"].values()) == pytest.approx(hit["score"], abs=1e-6)
    assert sorted(hit["why"]["terms"]) == ["dawn", "harbour"]
    assert (hit["why"]["keyword_rank"], hit["place"]) == (1, 1)


def test_filters_show_nothing_of_private_collections(client, collection):
    private = CollectionFactory()
    embedded(private, {"secret": "The harbour at night."}, metadata={"code": "x"})
    assert ask(client, filter="kind:*", facets="1")["total"] == 3
    assert ids(ask(client, filter="code:x")) == []
    assert ids(ask(client, q="harbour code:x", limit=3)) != ["secret"]


def test_page_has_chips_counts_and_orders(client, collection):
    page = client.get("/search/", {"q": 'dawn -"fishing boats"', "filter": "kind:note"})
    assert [str(hit.document) for hit in page.context["page"]] == ["a"]
    chips = [(chip.label, chip.url) for chip in page.context["chips"]]
    assert chips == [
        ('-"fishing boats"', "?filter=kind%3Anote&q=dawn"),
        ("kind:note", "?q=dawn+-%22fishing+boats%22"),
    ]
    listed = client.get("/search/", {"filter": "kind:*"})
    assert [str(hit.document) for hit in listed.context["page"]] == ["c", "b", "a"]
    assert ("Why this?" in page.text, "Why this?" in listed.text) == (True, False)
    [kinds] = [one for one in listed.context["choices"] if one.title == "kind"]
    assert [(one.label, one.count) for one in kinds.links] == [("note", 2), ("recipe", 1)]


def test_page_says_what_is_wrong_with_a_filter(client, collection):
    page = client.get("/search/", {"filter": "type:pfd"})
    assert page.status_code == 422
    assert "There is no type “pfd”" in page.text


def test_documents_without_the_number_come_last_and_are_counted(client, collection):
    for key in ("x", "y"):
        embedded(collection, {key: f"Nothing dated, {key}."}, metadata={"kind": "note"})
    for sort, order in [("year", ["a", "b", "c", "y", "x"]), ("-year", ["c", "b", "a", "y", "x"])]:
        found = ask(client, filter="kind:*", sort=sort)
        assert (ids(found), found["total"]) == (order, 5)
        pages = [
            ids(ask(client, filter="kind:*", sort=sort, limit=2, offset=at)) for at in (0, 2, 4, 6)
        ]
        assert pages == [order[:2], order[2:4], order[4:], []]


def test_facets_over_many_documents_say_that_they_are_a_sample(client, collection, monkeypatch):
    found = ask(client, filter="kind:*", facets="1")
    assert (found["facets_of"], found["facets_sampled"]) == (3, False)
    monkeypatch.setattr(facets, "MOST", 2)
    found = ask(client, filter="kind:*", facets="1")
    assert (found["facets_of"], found["facets_sampled"]) == (2, True)
    page = client.get("/search/", {"filter": "kind:*"})
    assert "Counted over 2 of the documents found." in page.text
    found = ask(client, q="dawn", facets="1")
    assert (found["facets_of"], found["facets_sampled"]) == (3, False)
    monkeypatch.setattr(search, "DEPTHS", (2,))
    found = ask(client, q="dawn", facets="1", limit=1)
    assert found["facets_of"] < found["total"]
    assert found["facets_sampled"]


def test_balance_shifts_the_weights_of_the_collection(client, collection):
    RankingWeights.objects.create(
        model=collection.embedding_model,
        collection=collection,
        weights=Weights(keywords=0.3).to_json(),
    )

    def parts(**values):
        hits = ask(client, q="harbour dusk", collection=collection.pk, **values)["hits"]
        return {hit["document"]["external_id"]: hit["why"]["parts"] for hit in hits}

    assert parts(balance="0.5") == parts()
    assert parts()["b"]["keywords"] == pytest.approx(3 * defaults(collection)["b"].by_keywords)
    of_words, of_meaning = parts(balance="0"), parts(balance="1")
    assert {name for one in of_words.values() for name in one} <= set(OF_WORDS)
    assert {name for one in of_meaning.values() for name in one} <= set(OF_MEANING)
    assert of_words["b"]["keywords"] == parts()["b"]["keywords"]


def defaults(collection):
    found = rank([collection], "harbour dusk", Weights())
    names = dict(collection.documents.values_list("pk", "external_id"))
    return {names[one.document_id]: one for one in found}
