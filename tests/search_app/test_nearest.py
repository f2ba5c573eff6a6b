"""Exact nearest neighbours from products that are not exact."""

import numpy as np
import pytest

from search_app.analysis import nearest


def lists(vectors, wanted):
    """(row, column, rank) as `related` makes them, and the same by a full sort in float64."""
    rows = np.asarray(vectors, np.float32)
    products = rows @ rows.T
    np.fill_diagonal(products, -np.inf)
    ones, others = nearest.reaching(products, wanted)
    scores = nearest.cosines(rows, ones, others)
    best, ranks = nearest.ranked(ones, others, scores, wanted)
    found = list(zip(ones[best].tolist(), others[best].tolist(), ranks.tolist(), strict=True))
    wide = rows.astype(np.float64)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    exact = np.round(wide @ wide.T, nearest.DIGITS)
    np.fill_diagonal(exact, -np.inf)
    expected = [
        (row, column, rank)
        for row in range(len(rows))
        for rank, column in enumerate(
            sorted(range(len(rows)), key=lambda one: (-exact[row, one], one))[:wanted], 1
        )
        if exact[row, column] > -np.inf
    ]
    return found, expected


@pytest.mark.parametrize("count", [1, 2, 10, 11, 97, 400])
def test_lists_are_those_of_a_full_sort(count):
    draw = np.random.default_rng(count)
    vectors = draw.standard_normal((count, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found, expected = lists(vectors, 10)
    assert found == expected


def test_equal_vectors_tie_by_their_place():
    draw = np.random.default_rng(0)
    vectors = np.repeat(draw.standard_normal((5, 16)), 30, axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found, expected = lists(vectors, 10)
    assert found == expected


def test_what_is_closer_than_a_product_in_float32_tells_is_told_apart():
    draw = np.random.default_rng(1)
    one = draw.standard_normal(384)
    vectors = one + 1e-5 * draw.standard_normal((60, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found, expected = lists(vectors, 10)
    assert found == expected


def test_nothing_is_asked_for():
    none = np.zeros((0, 0), np.float32)
    assert [len(part) for part in nearest.reaching(none, 10)] == [0, 0]
