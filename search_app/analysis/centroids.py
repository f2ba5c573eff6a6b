"""Places between two poles, and labels by the nearest of several centroids."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
NEARLY_ZERO = 1e-9


def unit(vectors: Floats) -> Floats:
    """Each row, or the one vector, at length 1; one without length stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    found: Floats = (vectors / np.maximum(lengths, NEARLY_ZERO)).astype(np.float32)
    return found


def centroid(vectors: Floats) -> Floats:
    """The mean of (n, d) vectors at length 1, each counted at length 1."""
    return unit(unit(vectors).mean(axis=0))


def positions(vectors: Floats, low: Floats, high: Floats) -> Floats:
    """Where (n, d) vectors lie between two centroids of length 1: -1 at `low`, 1 at `high`.

    s(x) = x·(high - low) / (1 - high·low) for x at length 1: the difference of the two cosines,
    scaled so that the poles themselves are at -1 and 1. The axis is SemAxis's (An, Kwak and Ahn,
    2018, arXiv:1806.05521). Raises ValueError where the poles are the same.
    """
    apart = 1.0 - float(high @ low)
    if apart < 1e-4:
        raise ValueError("the poles are the same")
    found: Floats = (unit(vectors) @ (high - low) / apart).astype(np.float32)
    return found


@dataclass(frozen=True)
class Nearest:
    """For each of n vectors the nearest of the centroids, its cosine, and by how much it is
    nearer than the second (the cosine itself where there is one centroid only)."""

    labels: Ids
    cosines: Floats
    margins: Floats


def nearest(vectors: Floats, centroids: Floats) -> Nearest:
    return _nearest(unit(vectors) @ centroids.T)


def _nearest(cosines: Floats) -> Nearest:
    labels = cosines.argmax(axis=1)
    best = cosines[np.arange(len(cosines)), labels]
    if cosines.shape[1] == 1:
        return Nearest(labels, best, best)
    second = np.partition(cosines, -2, axis=1)[:, -2]
    return Nearest(labels, best, best - second)


@dataclass(frozen=True)
class LeftOut:
    """Each example labelled by the centroids of all the others.

    `confusion[a, b]`: examples of a that came out as b. Labels with one example only have no
    centroid without it: their examples are not counted (`alone`).
    """

    confusion: NDArray[np.int64]
    truth: Ids
    found: Nearest
    alone: int

    @property
    def count(self) -> int:
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        return float(np.trace(self.confusion) / max(self.count, 1))

    def above(self, margin: float) -> tuple[float, float]:
        """The share that gets a label at this margin, and how much of that is right."""
        kept = self.found.margins >= margin
        right = self.found.labels[kept] == self.truth[kept]
        share = float(kept.mean()) if len(kept) else 0.0
        return share, float(right.mean()) if kept.any() else 0.0


def left_out(vectors: Floats, truth: Ids, labels: int) -> LeftOut:
    """Leave-one-out over (n, d) examples whose labels are `truth`, 0 to labels - 1.

    The centroid of an example's own label is taken without it: (sum - x) / |sum - x|.
    """
    rows = unit(vectors)
    sums = np.zeros((labels, rows.shape[1]), np.float32)
    np.add.at(sums, truth, rows)
    counts = np.bincount(truth, minlength=labels)
    cosines = np.where(counts > 0, rows @ unit(sums).T, -1.0).astype(np.float32)
    own = unit(sums[truth] - rows)
    cosines[np.arange(len(rows)), truth] = np.einsum("nd,nd->n", rows, own)
    counted = counts[truth] > 1
    found = _nearest(cosines[counted])
    confusion = np.zeros((labels, labels), np.int64)
    np.add.at(confusion, (truth[counted], found.labels), 1)
    return LeftOut(confusion, truth[counted], found, int((~counted).sum()))


def histogram(values: Floats, bins: int) -> tuple[list[int], Sequence[float]]:
    """How many values lie in each of `bins` equal parts, and the edges of these."""
    counts, edges = np.histogram(values, bins=bins)
    return counts.tolist(), edges.tolist()
