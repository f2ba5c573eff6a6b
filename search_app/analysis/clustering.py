"""Groups of vectors that lie close together: k-means on the unit sphere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE = 2000  # vectors on which the number of groups is chosen
MOST = 30  # groups that are tried for
LARGE = 10_000  # vectors from which k-means goes through them in batches
STARTS = 4  # k-means keeps the best of so many

Rows = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Grouping:
    """n vectors in k groups, the largest group first.

    `silhouette` tells how well the groups keep apart, -1 to 1; None where there are not
    two groups, or none has two different members.
    """

    labels: Ints  # (n,): 0 to k - 1
    centroids: Rows  # (k, dimension), length 1
    scores: Rows  # (n,): cosine of each vector with its centroid
    silhouette: float | None


def group(vectors: Rows, wanted: int | None, seed: int) -> Grouping:
    """`wanted` groups, or as many as keep apart best; never more than distinct vectors.

    The same vectors and seed give the same groups. No vector may be zero.
    """
    if not len(vectors):
        return Grouping(np.empty(0, np.int64), vectors, np.empty(0, np.float32), None)
    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distinct = len({row.tobytes() for row in rows})
    chosen = _sample(len(rows), seed)
    k = min(wanted, distinct) if wanted else _best_count(rows[chosen], distinct, seed)
    labels = _largest_first(_labels(rows, k, seed))
    centroids = np.array([_middle(rows[labels == label]) for label in range(labels.max() + 1)])
    return Grouping(
        labels,
        centroids,
        np.einsum("nd,nd->n", rows, centroids[labels]),
        _silhouette(_distances(rows[chosen]), labels[chosen]),
    )


def _sample(count: int, seed: int) -> Ints:
    """Positions of up to SAMPLE vectors."""
    if count <= SAMPLE:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, SAMPLE, replace=False))


def _best_count(sample: Rows, distinct: int, seed: int) -> int:
    """The number of groups with the highest silhouette."""
    distances = _distances(sample)
    tried = [
        (score, -k)
        for k in _counts(distinct)
        if (score := _silhouette(distances, _labels(sample, k, seed))) is not None
    ]
    return -max(tried)[1] if tried else 1


def _counts(distinct: int) -> Iterator[int]:
    """Numbers of groups worth trying, in widening steps; two members each on average."""
    k = 2
    while k <= min(MOST, distinct // 2):
        yield k
        k += 1 + k // 8


def _labels(rows: Rows, k: int, seed: int) -> Ints:
    """The group of each row."""
    # Imported late: it takes a second that processes which cluster nothing need not wait.
    from sklearn.cluster import KMeans, MiniBatchKMeans

    if k == 1:
        return np.zeros(len(rows), np.int64)
    kind: Any = MiniBatchKMeans if len(rows) > LARGE else KMeans
    labels: Ints = kind(n_clusters=k, n_init=STARTS, random_state=seed).fit_predict(rows)
    return labels


def _largest_first(labels: Ints) -> Ints:
    """Numbered anew by size; groups without members (k-means in batches) drop out."""
    numbers, compact, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    place = np.empty(len(numbers), np.int64)
    place[np.argsort(-sizes, kind="stable")] = np.arange(len(numbers))
    return place[compact]


def _middle(rows: Rows) -> Rows:
    """The mean scaled to length 1; the first row where the mean has no direction."""
    mean: Rows = rows.mean(axis=0)
    length = np.linalg.norm(mean)
    return mean / length if length > 1e-6 else rows[0]


def _distances(rows: Rows) -> Rows:
    """1 - cosine of every pair; exactly 0 for a row with itself."""
    distances: Rows = np.clip(1 - rows @ rows.T, 0, None)
    np.fill_diagonal(distances, 0)
    return distances


def _silhouette(distances: Rows, labels: Ints) -> float | None:
    """Between -1 and 1; None where it is not defined."""
    from sklearn.metrics import silhouette_score  # late, as above

    if not 1 < len(np.unique(labels)) < len(labels):
        return None
    return float(silhouette_score(distances, labels, metric="precomputed"))
