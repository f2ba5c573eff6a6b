"""BM25 in the database equals the formula; statements read by their indexes."""

import random

import pytest
from django.db import connection

from collections_app.models import Passage, Posting
from collections_app.pipeline.terms import terms
from search_app.analysis.fusion import Terms, rarity
from search_app.queries import postings
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db

WORDS = ["bread", "rye", "harbour", "ship", "oven", "dawn", "sqlite_tmpdir"]


@pytest.fixture
def collection():
    made, chosen = CollectionFactory(), random.Random(4)
    texts = {f"d{n}": " ".join(chosen.choices(WORDS, k=3 + n % 9)) for n in range(40)}
    embedded(made, texts)
    return made


def by_hand(collection, query):
    """(statistics, {passage: BM25}) from the texts themselves."""
    bags = {
        passage.pk: terms(f"{passage.document.external_id}\n{passage.text}", collection.language)
        for passage in Passage.objects.filter(collection=collection).select_related("document")
    }
    mean = sum(map(len, bags.values())) / len(bags)
    known = Terms(
        len(bags),
        mean,
        {term: rarity(len(bags), sum(term in bag for bag in bags.values())) for term in query},
    )
    scores = {
        pk: known.bm25({term: bag.count(term) for term in query if term in bag}, len(bag))
        for pk, bag in bags.items()
    }
    return known, scores


def test_bm25_in_the_database_ranks_as_the_formula(collection):
    query = ["bread", "rye", "sqlite_tmpdir", "unknown"]
    known, scores = by_hand(collection, query)
    found = postings.statistics([collection.pk], query)
    assert (found.passages, dict(found.rarity)) == (known.passages, pytest.approx(known.rarity))
    assert found.mean_length == pytest.approx(known.mean_length)
    expected = sorted(
        (pk for pk in scores if scores[pk] > 0), key=lambda pk: (-round(scores[pk], 9), pk)
    )
    ranked = postings.best([collection.pk], found, 100)
    assert sorted(ranked) == sorted(expected)
    assert [scores[pk] for pk in ranked] == pytest.approx([scores[pk] for pk in expected])
    assert postings.best([collection.pk], found, 3) == ranked[:3]


def test_candidates_carry_what_their_score_is_made_of(collection):
    query = ["bread", "rye"]
    known, scores = by_hand(collection, query)
    rows = postings.candidates(
        [collection.pk], list(scores), known, collection.embedding_model, None
    )
    assert {row.passage_id: known.bm25(row.frequencies, row.length) for row in rows} == (
        pytest.approx(scores)
    )
    assert {row.cosine for row in rows} == {None}


def test_collections_are_one_pool_and_others_are_left_out(collection):
    other = CollectionFactory()
    embedded(other, {"x": "Bread bread.", "y": "Zeppelin."})
    both = postings.statistics([collection.pk, other.pk], ["bread", "zeppelin"])
    assert both.passages == 42
    assert both.rarity["zeppelin"] == pytest.approx(rarity(42, 1))
    alone = postings.statistics([collection.pk], ["zeppelin"])
    assert alone.rarity["zeppelin"] == pytest.approx(rarity(40, 0))
    assert postings.best([collection.pk], both, 100) == postings.best(
        [collection.pk], Terms(42, both.mean_length, {"bread": 1.0}), 100
    )


def test_terms_in_over_half_of_a_large_pool_are_not_looked_up():
    known = Terms(2000, 8.0, {"the": rarity(2000, 1900), "bread": rarity(2000, 9)})
    assert postings._worth_scoring(known) == ["bread"]
    common = Terms(2000, 8.0, {"the": rarity(2000, 1900)})
    assert postings._worth_scoring(common) == ["the"]
    assert len(postings._worth_scoring(Terms(999, 8.0, known.rarity))) == 2


def test_no_terms_and_no_collections_find_nothing(collection):
    assert postings.best([collection.pk], postings.statistics([collection.pk], []), 10) == []
    assert postings.best([], postings.statistics([], ["bread"]), 10) == []


def test_terms_are_looked_up_by_the_index(collection):
    """In a table of 20,000 postings of which few are wanted."""
    passage = Passage.objects.first()
    Posting.objects.bulk_create(
        Posting(collection_id=collection.pk, term=f"filler{n}", passage=passage, frequency=1)
        for n in range(20_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE collections_app_posting")
        cursor.execute(
            f"EXPLAIN {postings.STATISTICS}",
            {"collections": [collection.pk], "terms": ["bread", "rye"]},
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "collections_app_posting_pkey" in plan
    assert "Seq Scan on collections_app_posting" not in plan
