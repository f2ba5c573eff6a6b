"""The arithmetic of one score from two kinds of evidence."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_app.analysis.fusion import (
    Spread,
    Terms,
    fuse,
    pooled,
    rarity,
    telling_share,
    z_scores,
)
from search_app.analysis.weights import Weights

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
    held = np.array([[term in frequencies for term in "abcd"]])
    assert 0 <= terms.shares(held)[0] <= 1


def test_bm25_by_hand():
    terms = Terms(10, 8.0, {"a": 2.0, "b": 1.0})
    norm = 1.2 * (0.25 + 0.75 * 4 / 8)
    expected = 2.0 * 3 * 2.2 / (3 + norm) + 1.0 * 1 * 2.2 / (1 + norm)
    assert terms.bm25({"a": 3, "b": 1}, 4) == pytest.approx(expected)
    held = np.array([[True, False], [True, True]])
    assert terms.shares(held) == pytest.approx([2 / 3, 1.0])
    assert Terms(0, 0.0, {}).shares(np.zeros((2, 0), bool)).tolist() == [0.0, 0.0]


def test_bm25_of_many_is_that_of_each():
    terms = Terms(10, 8.0, {"a": 2.0, "b": 1.0})
    scores = terms.scores(np.array([[3.0, 1.0], [0.0, 2.0]]), np.array([4.0, 9.0]))
    assert scores == pytest.approx([terms.bm25({"a": 3, "b": 1}, 4), terms.bm25({"b": 2}, 9)])


def test_an_unknown_whole_is_left_to_its_parts():
    terms = Terms(10, 8.0, {"open_files": rarity(10, 0), "open": 1.0, "zzz": rarity(10, 0)})
    assert list(terms.without_unknown({"open_files"}).rarity) == ["open", "zzz"]
    assert terms.without_unknown({"open"}) == terms
    alone = Terms(10, 8.0, {"open_files": rarity(10, 0)})
    assert alone.without_unknown({"open_files"}) == alone


TERMS = Terms(98, 8.0, {"a": 3.0, "b": 2.0})  # log(98 + 2) = 4.605


def fused(z, bm25, coverage, titles, terms=TERMS):
    arrays = [np.array(values, np.float64) for values in (z, bm25, coverage, titles)]
    return fuse(*arrays, terms, Weights(0.2, 0.1, 0.5, 0.3, 0.8))


def test_fuse_by_hand():
    parts = fused([2.0, 0.0], [8.0, 2.0], [0.6, 0.4], [0.0, 1.0])
    assert parts.meaning == pytest.approx([0.4, 0.0])
    bound = 2.2 * 5.0
    told = 8 / bound  # the most that any passage reaches damps the words of all
    assert parts.keywords == pytest.approx(
        [0.1 * 8 * sqrt(8 / bound) * told, 0.1 * 2 * sqrt(2 / bound) * told]
    )
    common = [0.6 * 5 / log(100), 0.4 * 5 / log(100)]
    assert parts.full_match == pytest.approx(
        [0.5 * (0.3 / 0.7) ** 2 * common[0], 0.5 * (0.1 / 0.7) ** 2 * common[1]]
    )
    assert parts.title == pytest.approx([0.0, 0.8])  # together rarer than one passage of all
    assert parts.score == pytest.approx(
        parts.meaning + parts.keywords + parts.full_match + parts.title
    )


def test_fuse_without_terms_goes_by_meaning_alone():
    parts = fused([-1.0, 1.0], [0, 0], [0, 0], [0, 0], Terms(2, 8.0, {}))
    assert parts.score == pytest.approx([-0.2, 0.2])


def test_a_full_match_of_a_rare_word_outranks_a_close_meaning():
    close, full = fused(
        [4.0, 0.0], [0.0, 12.0], [0.0, 1.0], [0.0, 0.0], Terms(98, 8.0, {"a": 9.0})
    ).score
    assert full > close


def test_a_chance_word_does_not_outrank_a_close_meaning():
    many = Terms(98, 8.0, {"a": 3.0, "b": 4.0, "c": 4.0, "d": 4.0})
    close, chance = fused([4.5, 2.5], [0.0, 5.0], [0.0, 0.2], [0.0, 0.0], many).score
    assert close > chance


def test_two_common_words_together_tell_less_than_two_rare_ones():
    share = telling_share(np.array([1.0]), Terms(9998, 8.0, {"a": 2.0, "b": 2.0}))
    assert share == pytest.approx([4 / log(10_000)])
    assert telling_share(np.array([1.0]), Terms(9998, 8.0, {"a": 8.0})) == pytest.approx(
        [8 / log(10_000)]
    )
    assert telling_share(np.array([1.0]), Terms(9998, 8.0, {"a": 8.0, "b": 8.0})) == [1.0]
