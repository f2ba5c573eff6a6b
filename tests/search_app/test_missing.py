"""Why a document is not found: each stage, in the API and on the page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app.models import Document, Passage
from search_app import search
from search_app.queries import samples
from search_app.related import refresh
from tests.embedsite.pages import problems
from tests.factories import CollectionFactory, DocumentFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

WHY_NOT = "/api/search/why-not/"
PAGE = "/search/why-not/"
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


def ask(client, collection, key, q, **values):
    values = {"q": q, "collection": collection.pk, "document": key} | values
    answer = client.get(WHY_NOT, values)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_found_document_has_its_place_and_the_parts_of_its_score(client, collection):
    hits = client.get("/api/search/", {"q": "harbour dawn"}).json()["hits"]
    for hit in hits:
        told = ask(client, collection, hit["document"]["external_id"], "harbour dawn")
        figures = told["figures"]
        assert (figures["place"], figures["page"]) == (hit["place"], 1)
        assert figures["score"] == hit["score"]
        assert figures["parts"] == hit["why"]["parts"]
        assert sorted(figures["terms"]) == sorted(hit["why"]["terms"])
    assert told["document"]["id"] == hits[-1]["document"]["id"]


def test_page_number_is_that_of_the_search_page(client):
    made = CollectionFactory(public=True)
    embedded(made, {f"n{n}": f"Harbour number {n}, of {n * 7} boats." for n in range(25)})
    listed = client.get("/search/", {"q": "harbour boats", "page": 2, "fold": "0"})
    for hit in listed.context["page"]:
        told = ask(client, made, str(hit.document.pk), "harbour boats", fold="0")
        assert (told["figures"]["page"], told["figures"]["place"]) == (2, hit.place)


def test_number_and_id_name_the_same_document(client, collection):
    document = collection.documents.get(external_id="a")
    for values in ({"document": document.pk}, {"document": "a", "collection": collection.pk}):
        told = client.get(WHY_NOT, {"q": "harbour"} | values).json()
        assert told["document"]["id"] == document.pk


@pytest.mark.parametrize("given", ["nothing", "0", "9" * 18, "9" * 40, "-1", "²", " "])
def test_what_is_not_there_is_answered_as_what_may_not_be_seen(client, collection, given):
    secret = embedded(CollectionFactory(), {"secret": "The harbour at night."})[0]
    client.force_login(UserFactory())
    values = {"q": "harbour", "collection": collection.pk}
    answers = [client.get(WHY_NOT, values | {"document": one}) for one in (given, secret.pk)]
    if given.strip():
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json() == answers[1].json()
    pages = [client.get(PAGE, {"q": "harbour", "document": one}) for one in ("nothing", secret.pk)]
    assert [page.status_code for page in pages] == [404, 404]
    assert all("There is no such document." in page.text for page in pages)


def test_waiting(client, collection):
    DocumentFactory(collection=collection, external_id="new", state=Document.State.QUEUED)
    told = ask(client, collection, "new", "harbour")
    assert (told["stage"], told["what"]) == ("waiting", "It is waiting to be embedded.")


def test_changed_document_is_judged_as_it_was(client, collection):
    collection.documents.filter(external_id="a").update(state=Document.State.QUEUED)
    told = ask(client, collection, "a", "harbour")
    assert told["stage"] == "ranked"
    assert told["what"].endswith("it is found as it was before.")


def test_set_aside_with_its_reason_and_stage(client, collection):
    DocumentFactory(
        collection=collection,
        external_id="bad",
        state=Document.State.SET_ASIDE,
        error="The file is damaged.",
        error_stage="extract",
    )
    told = ask(client, collection, "bad", "harbour")
    assert told["stage"] == "set_aside"
    assert "extracting: The file is damaged." in told["what"]
    assert told["figures"] == {"error": "The file is damaged.", "error_stage": "extract"}


def test_no_passages(client, collection):
    DocumentFactory(collection=collection, external_id="empty", text="")
    assert ask(client, collection, "empty", "harbour")["stage"] == "no_passages"


@pytest.mark.parametrize(
    ("query", "wanted", "failed"),
    [
        ("harbour year:>2005", [], ["year:>2005"]),
        ("harbour", ["kind:recipe", "year:2001"], ["kind:recipe"]),
        ("harbour", ["kind:recipe", "kind:letter"], ["kind:recipe", "kind:letter"]),
        ("harbour -kind:note", ["lost:*"], ["-kind:note", "lost:*"]),
        ("harbour", ["id:b*", "added:..2001"], ["added:..2001", "id:b*"]),
        ("", ["kind:recipe"], ["kind:recipe"]),
    ],
)
def test_filters_that_fail_are_named_and_no_others(client, collection, query, wanted, failed):
    told = ask(client, collection, "a", query, filter=wanted)
    assert (told["stage"], told["figures"]["failed"]) == ("filter", failed)


def test_filter_shows_what_the_document_has_instead(client, collection):
    told = ask(client, collection, "a", "harbour", filter=["year:>2005", "lost:*"])
    assert told["figures"]["metadata"] == {"year": 2001}


def test_another_collection_than_the_one_searched(client, collection):
    other = embedded(CollectionFactory(public=True, name="Other"), {"x": "The harbour."})[0]
    told = ask(client, collection, str(other.pk), "harbour")
    assert (told["stage"], told["what"]) == ("filter", "It is in another collection, “Other”.")


@pytest.mark.parametrize(
    ("query", "failed"),
    [
        ('dawn "the harbour"', ['"the harbour"']),
        ("dawn fish*", ["fish*"]),
        ("dawn -butter", ['-"butter"']),
        ('dawn "the harbour" fish* -bread -boats', ['"the harbour"', "fish*", '-"bread"']),
    ],
)
def test_words_demanded_and_excluded(client, collection, query, failed):
    told = ask(client, collection, "c", query)
    assert (told["stage"], told["figures"]["failed"]) == ("words", failed)


def few(monkeypatch, depth):
    """Each leg brings in so many passages."""
    monkeypatch.setattr(search, "DEPTHS", (depth, 1000))


def test_not_among_the_candidates(client, collection, monkeypatch):
    embedded(collection, {"d": "Butter on toast by the window of an inn."})
    few(monkeypatch, 1)
    told = ask(client, collection, "d", "Fishing boats with butter")
    figures = told["figures"]
    assert told["stage"] == "candidates"
    assert figures["lacked"] == ["Fishing", "boats"]
    assert (figures["vector_rank"] > 1, figures["keyword_rank"]) == (True, 3)
    ranked = ask(client, collection, "b", "Fishing boats with butter")
    assert ranked["stage"] == "ranked"
    assert 0 < figures["vector_score"] < ranked["figures"]["vector_score"]
    assert 0 < figures["keyword_score"] < ranked["figures"]["keyword_score"]


@pytest.mark.parametrize("values", [{}, {"filter": "kind:note"}, {"balance": "0.5"}])
def test_ranks_far_back_are_those_of_a_deep_search(client, collection, monkeypatch, values):
    embedded(
        collection, {f"n{n}": f"A harbour, {n} boats." for n in range(6)}, metadata={"kind": "note"}
    )
    hits = client.get("/api/search/", {"q": "fishing harbour", "fold": "0"} | values).json()["hits"]
    few(monkeypatch, 1)
    seen = 0
    for hit in hits:
        told = ask(client, collection, hit["document"]["external_id"], "fishing harbour", **values)
        if told["stage"] == "candidates":
            seen += 1
            for name, shown in (("vector_rank", hit["why"]), ("keyword_rank", hit["why"])):
                assert told["figures"][name] == shown[name]
            assert told["figures"]["vector_score"] == pytest.approx(hit["vector_score"])
    assert seen >= 4


def test_a_condition_that_leaves_many_counts_in_the_ranks(client, collection, monkeypatch):
    embedded(collection, {f"n{n}": f"A harbour, {n} boats." for n in range(6)})
    few(monkeypatch, 1)
    whole = ask(client, collection, "b", "quiet harbour", filter="kind:note")
    monkeypatch.setattr("search_app.queries.narrowing.FEW", 0)
    assert ask(client, collection, "b", "quiet harbour", filter="kind:note") == whole


def test_without_a_vector(client, collection, monkeypatch):
    document = collection.documents.get(external_id="c")
    document.passages.get().vectors.all().delete()
    told = ask(client, collection, "c", "harbour")
    assert (told["stage"], told["figures"]["vector_rank"]) == ("candidates", None)
    assert told["figures"]["lacked"] == ["harbour"]


def test_folded_under_another(client, collection):
    embedded(collection, {"copy": TEXTS["a"][0]})
    refresh(collection.pk)
    [head] = [
        hit
        for hit in client.get("/api/search/", {"q": "harbour dawn"}).json()["hits"]
        if hit["folded"]
    ]
    under = head["folded"][0]["document"]["external_id"]
    told = ask(client, collection, under, "harbour dawn")
    assert (told["stage"], told["other"]["id"]) == ("folded", head["document"]["id"])
    assert told["figures"]["place"] == head["place"]
    apart = ask(client, collection, under, "harbour dawn", fold="0")
    assert (apart["other"], apart["figures"]["place"]) == (None, 2)


def test_below_the_line_of_a_good_match(client, collection, monkeypatch):
    monkeypatch.setattr(samples, "line", lambda *_of: 2.0)
    told = ask(client, collection, "a", "harbour")
    assert (told["stage"], told["figures"]["place"]) == ("weak", 1)


def test_list_without_text(client, collection):
    assert ask(client, collection, "a", "", filter="kind:*")["figures"] == {"place": 3, "page": 1}
    told = ask(client, collection, "a", "", filter="kind:*", sort="year")
    assert (told["stage"], told["figures"]["place"]) == ("ranked", 1)
    embedded(collection, {"d": "No year."})
    told = ask(client, collection, "d", "", filter="added:2000..", sort="year")
    assert (told["stage"], told["figures"]["place"]) == ("ranked", 4)


def test_order_asked_for_gives_the_place(client, collection):
    assert ask(client, collection, "c", "harbour", sort="-year")["figures"]["place"] == 1


@pytest.mark.parametrize("values", [{}, {"filter": ["type:pfd"]}, {"q": "", "filter": []}])
def test_bad_values_are_problems(client, collection, values):
    values = {"q": "harbour", "document": "a", "collection": collection.pk} | values
    if values["q"] and "filter" not in values:
        del values["document"]
    answer = client.get(WHY_NOT, values)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_as_many_statements_for_a_large_collection_as_for_a_small_one(
    client, collection, monkeypatch
):
    few(monkeypatch, 1)

    def statements(wanted):
        with CaptureQueriesContext(
            connection,
        ) as found:
            ask(client, collection, "c", 'fishing "bread"', filter=wanted)
        return len(found)

    statements(["kind:recipe"])  # samples and query vectors are kept from now on
    small = statements(["kind:recipe"])
    embedded(collection, {f"n{n}": f"The harbour, {n} boats." for n in range(9)})
    assert statements(["kind:recipe"]) == small
    assert statements(["kind:recipe", "year:>2", "id:c"]) == small
    assert small <= 25


def test_page_keeps_the_search_and_answers(client, collection):
    listed = client.get("/search/", {"q": "harbour", "filter": "kind:note"})
    assert 'href="/search/why-not/?q=harbour&amp;filter=kind%3Anote"' in listed.text
    page = client.get(
        PAGE, {"q": "harbour", "filter": "kind:note", "c": collection.pk, "document": "c"}
    )
    assert page.context["answer"].stage == "filter"
    assert '<input type="hidden" name="filter" value="kind:note">' in page.text
    assert problems(page.text) == []


@pytest.mark.parametrize("values", [{}, {"q": "harbour"}, {"document": "a"}, {"sort": "kind"}])
def test_page_before_a_question_is_a_form(client, collection, values):
    page = client.get(PAGE, values | {"c": collection.pk})
    assert (page.status_code, "answer" in page.context) == (200, False)
    assert problems(page.text) == []


def test_page_says_what_is_wrong(client, collection):
    values = {"document": "a", "c": collection.pk}
    assert client.get(PAGE, values | {"q": "x", "filter": "type:pfd"}).status_code == 422
    assert client.get(PAGE, values | {"q": "x", "c": 10**9}).status_code == 422
    assert client.get(PAGE, values | {"q": "x" * 100_000}).status_code == 422


def test_document_page_leads_there(client, collection):
    document = collection.documents.get(external_id="a")
    address = f"/search/why-not/?c={collection.pk}&amp;document={document.pk}"
    assert f'href="{address}"' in client.get(f"/d/{document.pk}/").text
    assert Passage.objects.filter(document=document).count() == 1
