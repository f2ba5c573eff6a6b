"""Exact nearest neighbours among many vectors, in blocks that fit in memory.

The whole product is taken in float32, in half the time of float64, and only tells which pairs may
be among the nearest; these few are counted anew in float64, so that the lists are exact.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELLS = 8_000_000  # products held at once: 32 MB
STRIPES = 32  # columns whose highest stands for them
SLACK = 1e-4  # by which a product in float32 may be off, with room to spare
CHUNK = 4096  # pairs widened to float64 at once
DIGITS = 9  # scores are rounded to this, so that equal texts tie on every path


def blocks(positions: Ints, count: int) -> Iterator[Ints]:
    """`positions` in pieces whose products with `count` vectors fit in memory."""
    size = max(1, CELLS // max(count, 1))
    for start in range(0, len(positions), size):
        yield positions[start : start + size]


def reaching(products: Rows, wanted: int) -> tuple[Ints, Ints]:
    """(row, column) of all that may be among the `wanted` highest of their row; never -inf.

    The highest of each of many stripes of columns: the `wanted`-th highest of these is no higher
    than that of all columns, and found in a fraction of the time.
    """
    count = products.shape[1]
    if not products.size or wanted < 1:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    wanted = min(wanted, count)
    width = count // max(1, min(STRIPES, count // (4 * wanted)))
    whole = count - count % width
    highest = products[:, :whole].reshape(len(products), -1, width).max(axis=1)
    if whole < count:
        highest = np.concatenate([highest, products[:, whole:]], axis=1)
    least = np.partition(highest, -wanted, axis=1)[:, -wanted]
    return above(products, least[:, None])


def above(products: Rows, least: NDArray[np.floating]) -> tuple[Ints, Ints]:
    """(row, column) of all that may be as high as `least`, one a row or one a column."""
    bound = np.maximum(least.astype(np.float32) - np.float32(SLACK), np.float32(-2))
    rows, columns = np.divmod(np.flatnonzero(products >= bound), products.shape[1])
    return rows, columns


def cosines(vectors: Rows, ones: Ints, others: Ints) -> Floats:
    """(n,): the cosine of each pair of rows, none of which may be zero."""
    found = np.empty(len(ones))
    for start in range(0, len(ones), CHUNK):
        part = slice(start, start + CHUNK)
        one, other = vectors[ones[part]].astype(np.float64), vectors[others[part]]
        found[part] = np.einsum("nd,nd->n", one, other)
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    found /= lengths[ones] * lengths[others]
    return np.round(found, DIGITS, out=found)


def ranked(rows: Ints, columns: Ints, scores: Floats, wanted: int) -> tuple[Ints, Ints]:
    """Positions among the pairs of the `wanted` highest of each row, best first, and the rank of
    each from 1 on. Ties go to the lower column."""
    order = np.lexsort((columns, -scores, rows))
    ordered = rows[order]
    ranks = np.arange(len(order)) - np.searchsorted(ordered, ordered) + 1
    kept = ranks <= wanted
    return order[kept], ranks[kept]
