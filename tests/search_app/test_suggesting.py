"""Suggestions while typing: what, in which order, for whom, and what they cost."""

import pytest
from django.core.cache import cache
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.throttling import SimpleRateThrottle

from search_app import past, suggesting
from search_app.evaluation import feedback
from search_app.models import PastSearch
from search_app.queries import titles
from search_app.suggesting import suggest
from tests.factories import CollectionFactory, DocumentFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

API = "/api/search/suggest/"
BOUND = titles.BOUND


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """On a busy machine words would be left out."""
    monkeypatch.setattr(titles, "BOUND", BOUND.replace(str(titles.WAIT_MS), "60000"))


@pytest.fixture
def collection():
    return CollectionFactory(public=True)


def titled(collection, *names):
    return [DocumentFactory(collection=collection, title=name) for name in names]


def texts(*args):
    return [one.text for one in suggest(*args)]


def keeping(*searches):
    """A user who has chosen to keep searches, and these."""
    user = UserFactory()
    feedback.choose(user, clicks=False, shared=False, history=True)
    for text in searches:
        past.remember(user, text)
    return user


def test_beginnings_come_before_words_inside(collection):
    titled(collection, "The old harbour", "harbour lights", "Harbour at dusk", "A bread")
    user = UserFactory()
    assert texts(user, "har") == ["Harbour at dusk", "harbour lights", "The old harbour"]
    assert texts(user, "old  HAR") == ["The old harbour"]
    assert texts(user, "arbour") == []


def test_a_suggestion_names_its_document(collection):
    [document] = titled(collection, "Harbour")
    assert suggest(UserFactory(), "ha") == [
        suggesting.Suggestion("Harbour", document.pk, collection.pk)
    ]


@pytest.mark.parametrize("typed", ["'", "' & '", "!!!", ":*", "((", "zz | ha", "\0", "\ud800"])
def test_signs_are_no_syntax(collection, typed):
    titled(collection, "Harbour")
    assert texts(UserFactory(), typed) == []


def test_signs_are_found(collection):
    titled(collection, "50%_off", "50 off", r"a\b", "say 'it's' so")
    assert [one.title for one in titles.beginning("50%", [collection.pk], 8)] == ["50%_off"]
    assert [one.title for one in titles.beginning("a\\", [collection.pk], 8)] == [r"a\b"]
    assert texts(UserFactory(), "so 'it's'") == ["say 'it's' so"]


def test_one_letter_finds_beginnings_alone(collection):
    titled(collection, "harbour", "old harbour")
    assert texts(UserFactory(), "h") == ["harbour"]


def test_the_same_title_is_suggested_once_a_collection(collection):
    other = CollectionFactory(public=True)
    titled(collection, "Index", "index", "Index")
    [theirs] = titled(other, "Index")
    found = suggest(UserFactory(), "ind")
    assert [one.collection for one in found] == [collection.pk, other.pk]
    assert [one.document for one in suggest(UserFactory(), "ind", other)] == [theirs.pk]


def test_no_more_than_eight(collection):
    titled(collection, *(f"Harbour {n:02}" for n in range(20)))
    assert texts(UserFactory(), "harbour") == [f"Harbour {n:02}" for n in range(8)]
    user = keeping(*(f"harbour past {n}" for n in range(5)))
    found = texts(user, "harbour")
    assert found == ["harbour past 4", "harbour past 3", "harbour past 2"] + [
        f"Harbour {n:02}" for n in range(5)
    ]


def test_what_is_long_has_no_suggestions(collection, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert texts(UserFactory.build(), "x" * 201) == []


def test_nothing_of_what_one_may_not_see(collection):
    private = CollectionFactory()
    titled(private, "Harbour plans")
    stranger = UserFactory()
    assert texts(stranger, "har") == texts(stranger, "plans") == []
    assert texts(stranger, "har", private) == texts(stranger, "plans", private) == []
    assert texts(private.owner, "plans") == ["Harbour plans"]
    assert texts(private.owner, "plans", collection) == []


def test_words_that_take_too_long_are_left_out(collection, monkeypatch):
    monkeypatch.setattr(titles, "BOUND", BOUND)
    titled(collection, "old harbour", "harbour")
    slow = "SELECT 1, 1, pg_sleep(5)::text || %(words)s || %(limit)s"
    monkeypatch.setattr(titles, "WITH_WORDS", slow)
    assert texts(UserFactory(), "har") == ["harbour"]
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
    monkeypatch.setattr(titles, "WITH_WORDS", "SELECT 1 / 0 WHERE %(words)s <> ''")
    with pytest.raises(DataError), transaction.atomic():  # nothing else is passed over
        texts(UserFactory(), "har")


def test_what_bounds_them_bounds_nothing_else(collection):
    titled(collection, "old harbour")
    assert texts(UserFactory(), "har") == ["old harbour"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), current_setting('enable_seqscan')"
        )
        assert cursor.fetchone() == ("0", "on")


def test_an_index_serves_titles(collection):
    titled(collection, *(f"Harbour {n}" for n in range(50)))
    for sql, params in [
        (titles.BEGINNING, {"pattern": "har%"}),
        (titles.WITH_WORDS, {"words": "'har':*"}),
    ]:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = on")
            params |= {"collections": [collection.pk], "limit": 8}
            cursor.execute(f"EXPLAIN {sql}", params)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan" not in plan


def test_past_searches_are_kept_only_by_choice(collection):
    user = UserFactory()
    past.remember(user, "harbour")
    assert not PastSearch.objects.exists()
    feedback.choose(user, clicks=False, shared=False, history=True)
    for text in ("harbour", "  harbour ", "bread\n and butter", "x" * 301, " "):
        past.remember(user, text)
    kept = PastSearch.objects.order_by("text").values_list("user", "text", "times")
    assert list(kept) == [(user.pk, "bread and butter", 1), (user.pk, "harbour", 2)]
    assert texts(user, "") == ["bread and butter", "harbour"]
    assert texts(UserFactory(), "") == texts(UserFactory(), "har") == []


def test_searched_again_is_the_last(collection):
    user = keeping("one harbour", "harbour two", "Harbour three", "one harbour")
    assert texts(user, "") == ["one harbour", "Harbour three", "harbour two"]
    assert texts(user, "HAR") == ["Harbour three", "harbour two", "one harbour"]


def test_a_user_keeps_a_number_of_past_searches(monkeypatch):
    monkeypatch.setattr(past, "MOST_KEPT", 2)
    other = keeping("harbour")
    user = keeping("a", "b", "c")
    assert texts(user, "") == ["c", "b"]
    assert texts(other, "") == ["harbour"]


def test_page_keeps_what_was_meant(client, collection):
    embedded(collection, {"a": "The harbour at dawn."})
    user = keeping()
    client.force_login(user)
    search = reverse("search")
    htmx = {"HX-Request": "true"}
    client.get(search, {"q": "typed"}, headers=htmx | {"HX-Trigger": "id_q"})
    client.get(search, {"q": "again", "page": "2"})
    client.get(search, {"q": "refused", "c": "0"})
    client.head(search, {"q": "looked at"})
    client.get(search)
    assert not PastSearch.objects.exists()
    client.get(search, {"q": "sent"}, headers=htmx | {"HX-Trigger": "search-form"})
    client.get(search, {"q": "linked"})
    assert texts(user, "") == ["linked", "sent"]


def test_choice_and_deletion_on_the_page(client):
    user, other = keeping("harbour"), keeping("harbour")
    client.force_login(user)
    page = reverse("feedback")
    assert client.get(page).context["kept"]["history"] == 1
    client.post(page, {"clicks": "on"})
    assert feedback.choice(user).history is False
    client.post(page, {"history": "on"})
    assert feedback.choice(user).history is True
    client.post(reverse("feedback_delete"), {"what": "click"})
    assert past.of(user).count() == 1
    client.post(reverse("feedback_delete"), {"what": "history"})
    assert (past.of(user).count(), past.of(other).count()) == (0, 1)
    past.remember(user, "harbour")
    client.post(reverse("feedback_delete"))
    assert (past.of(user).count(), past.of(other).count()) == (0, 1)


def test_options_of_the_list(client, collection):
    [document] = titled(collection, "<b>Harbour</b>")
    client.force_login(keeping("<b>old"))
    answer = client.get(reverse("search_suggest"), {"q": "<b>"})
    assert answer.text.count('role="option"') == 2
    assert answer.text.count(f'data-url="/d/{document.pk}/"') == 1
    assert "&lt;b&gt;Harbour" in answer.text
    assert "<b>" not in answer.text
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "query", [{"q": "x" * 3000}, {"q": "a\0"}, {"q": "ha", "c": "x"}, {"q": "ha", "c": "0"}, {}]
)
def test_page_suggests_nothing_for_what_cannot_be_searched_for(client, collection, query):
    titled(collection, "ha")
    answer = client.get(reverse("search_suggest"), query)
    assert (answer.status_code, answer.text.strip()) == (200, "")


def test_api(client, collection):
    [document] = titled(collection, "Harbour")
    other = CollectionFactory(public=True)
    client.force_login(keeping("old harbour"))
    assert client.get(API, {"q": "har"}).json() == [
        {"text": "old harbour", "document": None, "collection": None},
        {"text": "Harbour", "document": document.pk, "collection": collection.pk},
    ]
    assert len(client.get(API, {"q": "har", "collection": other.pk}).json()) == 1
    assert client.get(API, {"q": "x" * 201}).status_code == 400
    assert client.get(API, {"q": "a\0"}).status_code == 400
    assert client.get(API, {"q": "a", "collection": CollectionFactory().pk}).status_code == 400


@pytest.mark.parametrize("place", [API, "/search/suggest/"])
def test_visitors_are_limited(client, collection, place, monkeypatch):
    monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, "suggest", "2/min")
    cache.clear()
    statuses = [client.get(place, {"q": "ha"}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    client.force_login(UserFactory())
    assert client.get(place, {"q": "ha"}).status_code == 200
    cache.clear()


def test_more_titles_and_collections_cost_no_more_queries(client, collection):
    counts = []
    client.force_login(keeping("harbour"))
    for n in range(3):
        titled(CollectionFactory(public=True), f"Harbour {n}", f"Old harbour {n}")
        with CaptureQueriesContext(connection) as captured:
            assert len(client.get(API, {"q": "har"}).json()) == 1 + 2 * (n + 1)
        counts.append(len(captured))
    assert len(set(counts)) == 1
