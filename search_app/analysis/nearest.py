"""Exact nearest neighbours among many vectors, in blocks that fit in memory."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELLS = 8_000_000  # scores held at once: 64 MB
CHUNK = 8192  # vectors widened to float64 at once
DIGITS = 9  # scores are rounded to this, so that equal texts tie on every path


def unit(vectors: NDArray[np.float32]) -> Floats:
    """Rows scaled to length 1, in float64; none may be zero."""
    wide = vectors.astype(np.float64)
    lengths: Floats = np.linalg.norm(wide, axis=1, keepdims=True)
    return wide / lengths


def cosines(rows: NDArray[np.float32], vectors: NDArray[np.float32]) -> Floats:
    """Cosine of each of (m, d) rows with each of (n, d) vectors: (m, n)."""
    wide = unit(rows)
    scores = np.empty((len(rows), len(vectors)))
    for start in range(0, len(vectors), CHUNK):
        scores[:, start : start + CHUNK] = wide @ unit(vectors[start : start + CHUNK]).T
    return np.round(scores, DIGITS, out=scores)


def blocks(positions: Ints, count: int) -> Iterator[Ints]:
    """`positions` in pieces whose scores against `count` vectors fit in memory."""
    size = max(1, CELLS // max(count, 1))
    for start in range(0, len(positions), size):
        yield positions[start : start + size]


def top(scores: Floats, wanted: int) -> tuple[Ints, Ints]:
    """(row, column) of the `wanted` highest scores of each row, best first.

    Ties go to the lower column; -inf is never taken.
    """
    if not scores.size or wanted < 1:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    wanted = min(wanted, scores.shape[1])
    least = np.partition(scores, -wanted, axis=1)[:, -wanted]
    rows, columns = np.nonzero((scores >= least[:, None]) & np.isfinite(scores))
    order = np.lexsort((columns, -scores[rows, columns], rows))
    rows, columns = rows[order], columns[order]
    first = np.searchsorted(rows, rows)  # where each row's run begins
    kept = np.arange(len(rows)) - first < wanted
    return rows[kept], columns[kept]
