"""Our BM25 beside that of the package bm25s, which scores every document for every term."""

import json

import bm25s
import numpy as np
import pytest

from bench import quality
from collections_app.pipeline.postings import counted, unpacked
from collections_app.pipeline.terms import passage_terms, terms
from search_app.analysis.bm25 import K1, B, joined

BEST = 10
CLOSE = 1e-4  # of a score: theirs have 24 bits
SYLLABLES = [f"{first}{vowel}" for first in "bdfklmnprst" for vowel in "aeiou"]


def generated():
    """300 documents whose words are as rare as those of a language, and 200 queries."""
    chosen = np.random.default_rng(7)
    words = np.array([f"{first}{second}" for first in SYLLABLES for second in SYLLABLES])
    rarity = 1 / np.arange(1, len(words) + 1)

    def text(size):
        return " ".join(chosen.choice(words, size, p=rarity / rarity.sum()))

    documents = {str(n): (text(2), text(chosen.integers(5, 120))) for n in range(300)}
    return documents, [text(chosen.integers(1, 6)) for _ in range(200)]


def cranfield():
    if not quality.CRANFIELD.exists():
        pytest.skip(f"{quality.CRANFIELD} is not here: it is no part of us")
    lines = (quality.CRANFIELD / "queries.jsonl").read_text().splitlines()
    return quality.cranfield(), [json.loads(line)["text"] for line in lines]


@pytest.mark.parametrize("corpus", [generated, cranfield])
def test_the_best_are_those_of_bm25s(corpus):
    documents, asked = corpus()
    bags = [passage_terms(title, "", text, "english") for title, text in documents.values()]
    stored = {term for bag in bags for term in bag}
    queries = [sorted(stored.intersection(terms(text, "english"))) for text in asked]
    reference = bm25s.BM25(k1=K1, b=B, method="lucene")
    reference.index([list(bag.elements()) for bag in bags], show_progress=False)
    lists, mean_length = by_term(bags), np.mean([bag.total() for bag in bags])

    def found(query):
        postings = [lists[term] for term in query]
        return joined(query, postings, np.empty(0, np.int64), len(bags), mean_length)

    same = [agree(found(query), reference, query) for query in queries if query]
    assert len(same) > 150
    assert np.mean(same) >= 0.95


def by_term(bags):
    """{term: its postings}, by way of how they are stored."""
    rows = counted(enumerate(bags))
    return {term: unpacked([first], [size], [data]) for term, first, size, data in rows}


def agree(found, reference, query):
    """Whether the best are the same, but for those whose scores are equal."""
    other = reference.get_scores(query)
    scores = np.zeros(len(other))
    scores[found.passages] = found.bm25() / (K1 + 1)  # a factor that theirs leaves out
    assert scores == pytest.approx(other, rel=CLOSE, abs=CLOSE)
    mine = found.passages[found.best(BEST)]
    [theirs], [best] = reference.retrieve([query], k=BEST, show_progress=False)
    differing = np.setxor1d(mine, theirs[best > 0])
    return bool((np.abs(scores[differing] - scores[mine[-1]]) < CLOSE).all())
