"""The search page: its states, its parts for htmx, bad input, and what it costs."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from collections_app.demo.searches import COLLECTION, EXAMPLES
from search_app.templatetags.passages import below
from tests.factories import CollectionFactory, EmbeddingModelFactory, embedded

pytestmark = pytest.mark.django_db

URL = "/search/"
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def collection():
    return CollectionFactory(public=True, name="Boats")


def titles(response):
    return [str(hit.document) for hit in response.context["page"]]


def test_hit_shows_where_and_why_it_was_found(client, collection):
    text = "# Harbour\n\n## Mornings\n\nThe harbour at dawn is quiet."
    [document] = embedded(collection, {"a.md": text}, media_type="text/markdown")
    response = client.get(URL, {"q": "harbour dawn"})
    page = re.sub(r"\s+", " ", response.text)
    assert response.status_code == 200
    assert f'<h2><a href="/d/{document.pk}/?p=0#p0">Harbour</a></h2>' in page
    assert "<mark>harbour</mark> at <mark>dawn</mark>" in page
    assert f'<a href="/c/{collection.pk}/">Boats</a>' in page
    assert "<span>Mornings</span>" in page
    assert "<dt>words matched</dt>" in page


@pytest.mark.parametrize(
    ("path", "shown"),
    [("", ""), ("A", "A"), ("T", ""), ("T > A > B", "A › B"), ("A > T", "A › T")],
)
def test_heading_path_goes_on_from_the_title(path, shown):
    assert below(path, "T") == shown


def test_search_stays_in_the_collection(client, collection):
    other = CollectionFactory(public=True)
    embedded(collection, {"here": "The harbour at dawn."})
    embedded(other, {"there": "The harbour at dusk."})
    assert sorted(titles(client.get(URL, {"q": "harbour"}))) == ["here", "there"]
    assert titles(client.get(URL, {"q": "harbour", "c": collection.pk})) == ["here"]


def test_hits_are_paged_and_a_page_too_far_is_the_last(client, collection):
    embedded(collection, {f"note {n}": f"harbour number {n}" for n in range(23)})
    pages = [client.get(URL, {"q": "harbour", "page": page}) for page in (1, 2, 9)]
    found = [titles(page) for page in pages]
    assert [len(page) for page in found] == [20, 3, 3]
    assert len({*found[0], *found[1]}) == 23
    assert found[1] == found[2]
    assert '<ol class="hits" start="21">' in pages[1].text
    assert "Page 2 of 2" in pages[1].text


@pytest.mark.parametrize("page", ["", "x", "0", "-1", "1.5", "9" * 5000, "\x00", "１"])
def test_what_is_no_page_is_the_first(client, collection, page):
    embedded(collection, {"a": "harbour"})
    response = client.get(URL, {"q": "harbour", "page": page})
    assert (response.status_code, titles(response)) == (200, ["a"])


def test_htmx_gets_the_results_alone(client, collection):
    embedded(collection, {"a": "harbour"})
    part = client.get(URL, {"q": "harbour"}, **HTMX)
    assert part.text.startswith('<div id="results"')
    assert {"HX-Request", "HX-History-Restore-Request"} <= set(part["Vary"].split(", "))
    whole = client.get(URL, {"q": "harbour"}, **HTMX, HTTP_HX_HISTORY_RESTORE_REQUEST="true")
    assert whole.text.startswith("<!DOCTYPE html>")
    assert "HX-Request" in client.get(URL)["Vary"].split(", ")


def test_before_the_first_query_examples_of_demo_content(client, collection):
    assert EXAMPLES[0] not in client.get(URL).text
    CollectionFactory(name=COLLECTION)  # private: nobody else is sent there
    assert EXAMPLES[0] not in client.get(URL).text
    CollectionFactory(name=COLLECTION, public=True)
    page = client.get(URL).text
    assert [example in page for example in EXAMPLES] == [True] * 5


def test_blank_query_asks_nothing(client, collection):
    response = client.get(URL, {"q": "  "})
    assert response.status_code == 200
    assert "Say what you mean" in response.text


def test_nothing_visible_says_so(client):
    CollectionFactory()
    assert "Nothing to search yet" in client.get(URL).text


def test_nothing_found_says_so(client, collection):
    assert "Nothing found" in client.get(URL, {"q": "harbour"}).text
    page = client.get(URL, {"q": "harbour", "c": collection.pk}).text
    assert "“Boats” has nothing that is ready to be found yet." in page


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"q": "x" * 100_000}, "This is too long to search for: 100000 characters"),
        ({"q": "a\x00b"}, "Null characters are not allowed."),
        ({"q": "boats", "c": "x"}, "There is no such collection that you may see."),
        ({"q": "boats", "c": 10**30}, "There is no such collection that you may see."),
        ({"q": "boats", "c": "\x00"}, "Null characters are not allowed."),
    ],
)
def test_bad_input_is_told(client, collection, values, message):
    response = client.get(URL, values)
    assert response.status_code == 422
    assert message in response.text
    part = client.get(URL, values, **HTMX)
    assert part.status_code == 200  # or htmx would not show it
    assert message in part.text


def test_collection_of_another_is_no_choice(client, collection):
    hidden = CollectionFactory(name="hidden")
    embedded(hidden, {"secret": "harbour"})
    response = client.get(URL, {"q": "harbour", "c": hidden.pk})
    assert response.status_code == 422
    assert "secret" not in response.text
    assert titles(client.get(URL, {"q": "harbour"})) == []


def test_missing_model_is_told_with_what_to_do(client):
    model = EmbeddingModelFactory(name="gone", backend="sentence-transformers", ref="no/such-model")
    CollectionFactory(public=True, embedding_model=model)
    response = client.get(URL, {"q": "harbour"})
    assert response.status_code == 503
    assert response.context["missing"] != ""
    assert response.context["missing"] in response.text.replace("&#x27;", "'")


def test_markup_in_titles_and_texts_is_text(client, collection):
    bad = "<script>alert(1)</script>"
    embedded(collection, {"a": f"harbour {bad}"}, title=f"Title {bad}")
    page = client.get(URL, {"q": f"harbour {bad}"}).text
    assert bad not in page
    assert "Title &lt;script&gt;" in page


def test_cost_does_not_grow_with_hits(client, collection):
    def cost():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(URL, {"q": "harbour", "c": collection.pk})
        return len(queries)

    embedded(collection, {"a": "harbour one", "z": "harbour nought"})  # one has no facets
    cost()  # what is kept of a collection is kept now
    one = cost()
    embedded(collection, {"b": "harbour two", "c": "harbour three"})
    cost()
    assert cost() == one


def test_search_takes_no_post(client):
    assert client.post(reverse("search")).status_code == 405
