"""Measures, intervals, cases and comparisons against figures worked out by hand."""

from math import log2

import numpy as np
import pytest

from search_app.evaluation import judging, report
from search_app.evaluation.cases import Case, cases, halves, rows
from search_app.evaluation.intervals import difference, interval
from search_app.evaluation.measures import scored
from search_app.models import JudgedQuery, Judgement
from tests.factories import CollectionFactory, DocumentFactory, UserFactory, embedded


def test_figures_of_one_query_worked_out_by_hand():
    found = ["wrong", "b", "unjudged", "a"]
    figures = scored({7: {"a": 3, "b": 1, "c": 2, "wrong": 0}}, {7: found})[7]
    ideal = 3 + 2 / log2(3) + 1 / log2(4)
    assert figures == pytest.approx(
        {
            "ndcg": (1 / log2(3) + 3 / log2(5)) / ideal,
            "recall": 2 / 3,
            "mrr": 1 / 2,
            "precision": 2 / 5,
        }
    )


def test_ranks_count_as_they_are_given_and_only_the_first_hundred():
    many = [f"d{n}" for n in range(150)]
    figures = scored({1: {"d10": 1, "d99": 1, "d100": 1}}, {1: many})[1]
    assert figures == pytest.approx({"ndcg": 0.0, "recall": 2 / 3, "mrr": 1 / 11, "precision": 0.0})


def test_a_query_that_found_nothing_has_zeros():
    assert scored({1: {"a": 1}}, {}) == {
        1: {"ndcg": 0.0, "recall": 0.0, "mrr": 0.0, "precision": 0.0}
    }
    assert scored({}, {}) == {}


def test_interval_holds_the_mean_and_is_the_same_each_time():
    values = [n / 99 for n in range(100)]
    one = interval(values)
    assert (one.mean, one) == (0.5, interval(values))
    error = 1.96 * np.std(values) / 10  # of a mean of 100: what the normal distribution says
    assert one.low == pytest.approx(0.5 - error, abs=0.015)
    assert one.high == pytest.approx(0.5 + error, abs=0.015)
    assert interval(values, seed=1) != one


def test_one_query_tells_no_interval():
    assert vars(interval([0.25])) == {"mean": 0.25, "low": None, "high": None}
    assert vars(interval([0.25, 0.25])) == {"mean": 0.25, "low": 0.25, "high": 0.25}


def test_difference_is_taken_query_by_query():
    before, after = [0.1, 0.9, 0.5], [0.2, 1.0, 0.6]
    assert vars(difference(before, after)) == pytest.approx({"mean": 0.1, "low": 0.1, "high": 0.1})


def test_gains_are_over_the_queries_of_both():
    one = dict.fromkeys(("ndcg", "recall", "mrr", "precision"), 0.5)
    better = dict.fromkeys(one, 0.75)
    gained = report.gains({1: one, 2: one, 3: one}, {2: better, 3: better, 4: one}, 0)
    assert gained["ndcg"] == {"mean": 0.25, "low": 0.25, "high": 0.25}


def test_lines_can_be_read_back():
    figures = {4: {"ndcg": 1 / 3, "recall": 1.0, "mrr": 1.0, "precision": 0.2}}
    written = report.lines(figures, figures, {4: "held"})
    assert (written[0]["half"], written[0]["other"]["ndcg"]) == ("held", 0.333333)
    assert report.of_lines(written) == {4: figures[4] | {"ndcg": 0.333333}}


def test_halves_are_drawn_by_the_seed_and_leave_nothing_out():
    found = [Case(n, str(n)) for n in range(11)]
    one, other = halves(found, 3)
    assert (len(one), len(other)) == (6, 5)
    assert sorted(case.query for case in one + other) == list(range(11))
    assert halves(found, 3) == (one, other) != halves(found, 4)


def judged(collection, text, grades, **fields):
    fields = {"owner": collection.owner, "name": f"{fields.get('source')}-{text}"} | fields
    query = JudgedQuery.objects.create(collection=collection, text=text, **fields)
    for external_id, grade in grades.items():
        Judgement.objects.create(query=query, external_id=external_id, grade=grade)
    return query


@pytest.fixture
def collection(db):
    made = CollectionFactory()
    for name in "abc":
        DocumentFactory(collection=made, external_id=name)
    DocumentFactory(external_id="elsewhere")
    return made


def taken(collection, user=None, *, shared_only=False):
    return cases(rows(collection, user or collection.owner, shared_only=shared_only))


def test_what_the_collection_lacks_is_counted_not_held_against_search(collection):
    kept = judged(collection, "ships", {"a": 2, "gone": 3, "elsewhere": 1})
    judged(collection, "all gone", {"gone": 3})
    judged(collection, "only wrong", {"a": 0})
    judged(collection, "nothing said", {})
    found = taken(collection)
    assert [vars(case) for case in found.cases] == [
        {"query": kept.pk, "text": "ships", "grades": {"a": 2}}
    ]
    assert (found.left_out, found.missing, found.drawn_from) == (3, 3, 1)


def test_of_equal_queries_the_more_certain_word_counts(collection):
    by_hand = judged(collection, "ships", {"a": 0}, source="typed")
    judged(collection, "ships", {"a": 1, "b": 1}, source="click")
    judged(collection, "ships", {"b": 3}, source="imported")
    found = taken(collection).cases
    assert [(case.text, case.grades) for case in found] == [("ships", {"a": 0, "b": 3})]
    assert by_hand.pk != found[0].query


def test_others_own_queries_are_not_taken(collection):
    other = UserFactory()
    judged(collection, "mine", {"a": 1})
    judged(collection, "theirs", {"a": 1}, owner=other)
    judged(collection, "shared", {"a": 1}, owner=other, shared=True, accepted=True)
    assert [case.text for case in taken(collection).cases] == ["mine", "shared"]
    assert [case.text for case in taken(collection, other).cases] == ["theirs", "shared"]
    assert [case.text for case in taken(collection, shared_only=True).cases] == ["shared"]


def test_of_too_many_some_are_drawn(collection, monkeypatch):
    monkeypatch.setattr("search_app.evaluation.cases.MOST", 3)
    for n in range(5):
        judged(collection, f"query {n}", {"a": 1})
    found = taken(collection)
    assert (len(found.cases), found.drawn_from) == (3, 5)
    assert taken(collection).cases == found.cases


@pytest.mark.django_db
def test_shared_queries_of_others_count_once_an_editor_accepts_them():
    collection, other = CollectionFactory(public=True), UserFactory()
    owner = collection.owner
    own = judging.write(collection, owner, "own", {"a": 1}, shared=True)
    theirs = judging.write(collection, other, "theirs", {"a": 1}, shared=True)

    def counted(who, **options):
        return set(rows(collection, who, **options))

    assert counted(owner, shared_only=True) == {own}
    assert counted(owner, shared_only=False) == {own}
    assert counted(other, shared_only=False) == {own, theirs}
    judging.write(collection, other, "theirs", {"a": 2}, shared=True, accepted=True, query=theirs)
    assert counted(owner, shared_only=True) == {own, theirs}
    judging.write(collection, other, "theirs", {"a": 0}, shared=True, query=theirs)
    assert counted(owner, shared_only=True) == {own}
    judging.write(collection, other, "theirs", {"a": 0}, accepted=True, query=theirs)
    assert counted(owner, shared_only=True) == {own}


@pytest.mark.django_db
def test_an_editor_accepts_by_keeping_it_on_the_page_and_by_the_api(client):
    collection, other = CollectionFactory(public=True), UserFactory()
    embedded(collection, {"a": "Rye bread."})
    query = judging.write(collection, other, "theirs", {"a": 1}, shared=True)
    client.force_login(collection.owner)
    assert "not counted yet" in client.get(f"/c/{collection.pk}/judged/").text
    sent = {"text": "theirs", "id": ["a"], "grade": ["1"], "shared": "on"}
    assert client.post(f"/judged/{query.pk}/", sent).status_code == 302
    query.refresh_from_db()
    assert (query.accepted, query.owner) == (True, other)
    assert "not counted yet" not in client.get(f"/c/{collection.pk}/judged/").text
    body = {"text": "theirs", "shared": True, "judgements": [{"external_id": "a", "grade": 2}]}
    address = f"/api/judged-queries/{query.pk}/"
    client.force_login(other)
    assert client.put(address, body, "application/json").json()["accepted"] is False
    client.force_login(collection.owner)
    assert client.put(address, body, "application/json").json()["accepted"] is True
