"""The best results read once more by a cross-encoder: its order, its absence, its switches."""

import numpy as np
import pytest
from django.core.management import call_command

from collections_app import encoders
from rag_app.answer.finding import find
from search_app import reranking
from search_app.evaluation.searching import SETTINGS, Seeker, reranks
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

SEARCH = "/api/search/"
GONE = "/nowhere/reranker"


class Scripted:
    """Gives each text what the script says, and remembers what it was asked."""

    def __init__(self, script):
        self.script, self.asked = script, []

    def scores(self, query, texts):
        self.asked.append((query, list(texts)))
        return np.array([next(v for k, v in self.script.items() if k in t) for t in texts])


@pytest.fixture
def collection():
    made = CollectionFactory(public=True)
    texts = {f"n{n}": f"The harbour at dawn, by boat {chr(97 + n) * 3}." for n in range(6)}
    embedded(made, texts)
    return made


@pytest.fixture
def scripted(settings, monkeypatch):
    """A reranker that likes the boats the other way round than they came."""
    settings.RERANKER = "scripted"
    made = Scripted({chr(97 + n) * 3: 0.1 + n / 10 for n in range(6)})
    monkeypatch.setattr(encoders, "load_reranker", lambda ref, models_dir: made)
    reranking._scores.cache_clear()
    yield made
    reranking._scores.cache_clear()


def ids(found):
    return [hit["document"]["external_id"] for hit in found["hits"]]


def asked(client, **values):
    answer = client.get(SEARCH, {"q": "harbour at dawn", **values})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_order_follows_the_scores_and_each_hit_says_so(client, collection, scripted):
    before = ids(asked(client, rerank=False))
    assert before == [f"n{n}" for n in range(6)]  # equal passages, as they came
    found = asked(client)
    assert ids(found) == before[::-1]
    told = [(hit["why"]["reranked"], hit["why"]["place_before"]) for hit in found["hits"]]
    assert told == [(pytest.approx(0.6 - n / 10), 6 - n) for n in range(6)]
    assert [hit["place"] for hit in found["hits"]] == [1, 2, 3, 4, 5, 6]
    assert found["rerank_problem"] == ""
    [(query, texts)] = scripted.asked
    assert (query, texts[0]) == ("harbour at dawn", "The harbour at dawn, by boat aaa.")


def test_ties_stay_as_they_were(client, collection, scripted):
    scripted.script = {"ccc": 0.9, "boat": 0.5}
    assert ids(asked(client)) == ["n2", "n0", "n1", "n3", "n4", "n5"]


def test_only_the_best_are_read_and_the_rest_stay_behind(client, collection, scripted, settings):
    settings.RERANK_DEPTH = 3
    assert ids(asked(client)) == ["n2", "n1", "n0", "n3", "n4", "n5"]
    rest = asked(client)["hits"][3]["why"]
    assert (rest["reranked"], rest["place_before"]) == (None, None)


def test_further_pages_ask_the_model_no_more(client, collection, scripted):
    assert ids(asked(client, limit=2)) == ["n5", "n4"]
    assert ids(asked(client, limit=2, offset=2)) == ["n3", "n2"]
    assert len(scripted.asked) == 1


@pytest.mark.parametrize(
    "values", [{"rerank": "0"}, {"balance": 0}, {"balance": 1}, {"sort": "-added"}]
)
def test_searches_that_do_without(client, collection, scripted, values):
    found = asked(client, **values)
    assert scripted.asked == []
    assert {hit["why"]["reranked"] for hit in found["hits"]} == {None}


def test_page_says_what_was_read_and_switches_it_off(client, collection, scripted):
    page = client.get("/search/", {"q": "harbour at dawn"}).text
    assert "read once more" in page
    assert "(no. 6 before)" in page
    assert "?q=harbour+at+dawn&amp;rerank=0" in page
    page = client.get("/search/", {"q": "harbour at dawn", "rerank": "0"}).text
    assert "read once more" not in page
    assert "Rank with the reranker" in page
    assert "reranker" not in client.get("/search/", {"q": "harbour", "sort": "added"}).text


def test_why_not_has_the_place_that_the_search_gives(client, collection, scripted):
    values = {"q": "harbour at dawn", "collection": collection.pk, "document": "n5"}
    told = client.get("/api/search/why-not/", values).json()["figures"]
    assert (told["place"], told["place_before"]) == (1, 6)
    told = client.get("/api/search/why-not/", values | {"rerank": "0"}).json()["figures"]
    assert (told["place"], told["reranked"]) == (6, None)
    assert "(no. 6 before)" in client.get("/search/why-not/", values | {"c": collection.pk}).text


def test_answers_are_made_of_what_it_puts_first(collection, scripted):
    found = find(collection.owner, "harbour at dawn", collection)
    assert [one.document.external_id for one in found] == [f"n{5 - n}" for n in range(6)]


def test_evaluations_compare_with_and_without(collection, scripted):
    seeker = Seeker(collection.owner, collection)
    assert seeker.found("harbour at dawn", None, 1) == ["n5"]
    assert seeker.found("harbour at dawn", None, 1, rerank=False) == ["n0"]
    on = {name: reranks(changes) for name, changes in SETTINGS.items()}
    assert [name for name, reads in on.items() if not reads] == [
        "meaning-only",
        "keywords-only",
        "without-reranker",
    ]


def test_missing_reranker_leaves_the_ranking_and_is_told(client, collection, settings):
    usual = asked(client)
    settings.RERANKER = GONE
    found = asked(client)
    assert found["rerank_problem"] == (
        "The reranker is not there now. Results are ranked without it."
    )
    assert {**found, "rerank_problem": ""} == usual
    page = client.get("/search/", {"q": "harbour"})
    assert page.status_code == 200
    assert "Results are ranked without it." in page.text
    assert GONE not in page.text
    client.force_login(UserFactory(is_staff=True))
    assert f"There is no folder {GONE}." in client.get("/search/", {"q": "harbour"}).text
    assert GONE in asked(client)["rerank_problem"]


def test_missing_reranker_is_looked_for_again_after_a_while(collection, settings, monkeypatch):
    tried = []

    def load(ref, models_dir):
        tried.append(ref)
        raise encoders.ModelMissing("Not here.")

    settings.RERANKER = "away"
    monkeypatch.setattr(encoders, "load_reranker", load)
    for _ in range(3):
        Seeker(collection.owner, collection).found("harbour", None, 1)
    assert tried == ["away"]
    reranking.cache.delete(reranking.FAILED)
    Seeker(collection.owner, collection).found("harbour", None, 1)
    assert tried == ["away", "away"]


def test_status_and_health_name_it(client, settings):
    def parts():
        return {part["key"]: part for part in client.get("/api/status/").json()["parts"]}

    assert "reranker" not in parts()
    settings.RERANKER = GONE
    assert parts()["reranker"]["ok"] is False
    assert parts()["reranker"]["detail"] == "is not there; results are ranked without it"
    health = client.get("/health/").json()
    assert health["reranker"] == "is not there; results are ranked without it"
    settings.RERANKER = encoders.reranking.FAKE
    assert (parts()["reranker"]["ok"], parts()["reranker"]["detail"]) == (True, "fake")


def test_command_says_that_it_is_missing(collection, settings, capsys):
    settings.RERANKER = GONE
    call_command("search", "harbour", "--user", collection.owner.username)
    assert "Ranked without the reranker. There is no folder" in capsys.readouterr().err
    call_command("search", "harbour", "--no-rerank", "--user", collection.owner.username)
    assert capsys.readouterr().err == ""
