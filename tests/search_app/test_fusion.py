"""The arithmetic of one score from two kinds of evidence."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_app.analysis.fusion import Spread, Terms, fuse, pooled, rarity, z_scores

cosines = st.lists(st.floats(-1, 1), min_size=1, max_size=20)


def spread(values):
    return Spread(len(values), float(np.mean(values)), float(np.var(values)))


@given(st.lists(cosines, min_size=1, max_size=4))
def test_pooled_spreads_are_those_of_all_values_together(pools):
    together = pooled([spread(pool) for pool in pools] + [Spread(0, 0.0, 0.0)])
    every = [value for pool in pools for value in pool]
    assert together.count == len(every)
    assert together.mean == pytest.approx(np.mean(every), abs=1e-9)
    assert together.variance == pytest.approx(np.var(every), abs=1e-9)


def test_pooling_nothing_is_a_spread_of_nothing():
    assert pooled([]) == pooled([Spread(0, 0.0, 0.0)]) == Spread(0, 0.0, 0.0)


@given(cosines)
def test_z_scores_have_mean_zero_and_keep_the_order(values):
    scores = z_scores(np.array(values), spread(values))
    assert float(scores.mean()) == pytest.approx(0, abs=1e-4)
    assert np.isfinite(scores).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(scores[order]) >= 0).all()


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_rarity_is_positive_and_falls_with_use(passages, holding):
    holding = min(holding, passages)
    assert rarity(passages, holding) > 0
    if holding:
        assert rarity(passages, holding - 1) > rarity(passages, holding)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 40_000), max_size=4),
    st.integers(0, 10_000),
    st.floats(0, 1000),
)
def test_bm25_never_passes_its_bound(frequencies, length, mean_length):
    terms = Terms(100, mean_length, {term: rarity(100, n) for n, term in enumerate("abcd")})
    assert 0 <= terms.bm25(frequencies, length) < terms.bound
    assert 0 <= terms.coverage(frequencies) <= 1.0000001


def test_bm25_by_hand():
    terms = Terms(10, 8.0, {"a": 2.0, "b": 1.0})
    norm = 1.2 * (0.25 + 0.75 * 4 / 8)
    expected = 2.0 * 3 * 2.2 / (3 + norm) + 1.0 * 1 * 2.2 / (1 + norm)
    assert terms.bm25({"a": 3, "b": 1}, 4) == pytest.approx(expected)
    assert (terms.coverage(["a"]), terms.coverage("ab")) == (pytest.approx(2 / 3), 1.0)
    assert Terms(0, 0.0, {}).coverage([]) == 0.0


def test_fuse_by_hand():
    score = fuse(np.array([0.5]), Spread(9, 0.1, 0.04), np.array([8.0]), 20.0, np.array([0.65]))
    assert score == pytest.approx([0.2 * 2 + 0.05 * 8 * sqrt(8 / 20) + 0.5**2])


def test_fuse_without_terms_goes_by_meaning_alone():
    zero = np.zeros(2)
    scores = fuse(np.array([0.1, 0.3]), Spread(2, 0.2, 0.01), zero, 0.0, zero)
    assert scores == pytest.approx([-0.2, 0.2])


def test_a_full_match_outranks_a_close_meaning():
    cosine, keywords = np.array([0.6, 0.2]), np.array([0.0, 2.0])
    close, full = fuse(cosine, Spread(99, 0.2, 0.01), keywords, log(10), np.array([0.0, 1.0]))
    assert full > close
