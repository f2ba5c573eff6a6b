"""Groups of vectors that lie close together: k-means on the unit sphere.

scikit-learn finds where to begin; from there each vector goes to the centroid with the highest
cosine and each centroid to the mean of its vectors at length 1, until none moves (spherical
k-means, Dhillon and Modha 2001). So groups that were found stay where they are as long as their
vectors do, and one that comes later belongs to the nearest centroid.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE = 2000  # vectors on which the number of groups is chosen
MOST = 30  # groups that are tried for
LARGE = 10_000  # vectors from which k-means goes through them in batches
STARTS = 4  # k-means keeps the best of so many; in batches it has one
ROUNDS = 100  # of moving vectors and centroids; most end after ten
CLEARLY = 0.02  # of silhouette, by which another number of groups must be better than the former

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


def group(vectors: Rows, wanted: int | None, seed: int, former: Ints | None = None) -> Grouping:
    """`wanted` groups, or as many as keep apart best; never more than distinct vectors.

    `former` (n,) are the groups there were, -1 for vectors in none: where their number is still
    right, the new ones begin at their means. The same vectors, seed and former groups give the
    same groups. No vector may be zero.
    """
    if not len(vectors):
        return Grouping(np.empty(0, np.int64), vectors, np.empty(0, np.float32), None)
    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    chosen = _sample(len(rows), seed)
    begin = _means(rows, former) if former is not None else rows[:0]
    centroids = _settled(rows, begin) if len(begin) else begin
    k = min(wanted, _distinct(rows, wanted)) if wanted else _count(rows, chosen, centroids, seed)
    if k != len(centroids):
        centroids = _settled(rows, _means(rows, _labels(rows, k, seed)))
    labels = _largest_first(nearest(rows, centroids))
    centroids = _means(rows, labels)
    return Grouping(
        labels,
        centroids,
        np.einsum("nd,nd->n", rows, centroids[labels]),
        _silhouette(_distances(rows[chosen]), labels[chosen]),
    )


def nearest(rows: Rows, centroids: Rows) -> Ints:
    """(n,): the group whose centroid has the highest cosine with each row."""
    labels: Ints = (rows @ centroids.T).argmax(axis=1)
    return labels


def _settled(rows: Rows, centroids: Rows) -> Rows:
    """Centroids that stay where they are when every row goes to the nearest of them."""
    labels = np.full(len(rows), -1)
    for _round in range(ROUNDS):
        found = _none_empty(rows, nearest(rows, centroids), centroids)
        if (found == labels).all():
            break
        labels, centroids = found, _means(rows, found)
    return centroids


def _none_empty(rows: Rows, labels: Ints, centroids: Rows) -> Ints:
    """A group that lost its last row gets the one that is farthest from its own centroid."""
    sizes = np.bincount(labels, minlength=len(centroids))
    for empty in np.flatnonzero(sizes == 0):
        scores = np.einsum("nd,nd->n", rows, centroids[labels])
        scores[sizes[labels] < 2] = np.inf
        row = int(scores.argmin())
        sizes[labels[row]] -= 1
        labels[row] = empty
        sizes[empty] = 1
    return labels


def _distinct(rows: Rows, enough: int) -> int:
    """How many different rows there are; no more are counted than are `enough`."""
    found: set[bytes] = set()
    for row in rows:
        found.add(row.tobytes())
        if len(found) >= enough:
            break
    return len(found)


def _sample(count: int, seed: int) -> Ints:
    """Positions of up to SAMPLE vectors."""
    if count <= SAMPLE:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, SAMPLE, replace=False))


def _count(rows: Rows, chosen: Ints, centroids: Rows, seed: int) -> int:
    """The number of groups with the highest silhouette; the former one, whose settled centroids
    are given, where no other is clearly better."""
    sample = rows[chosen]
    distances = _distances(sample)
    tried = [
        (score, -k)
        for k in _counts(_distinct(rows, 2 * MOST))
        if (score := _silhouette(distances, _labels(sample, k, seed))) is not None
    ]
    if len(centroids):
        now = _silhouette(distances, nearest(sample, centroids))
        if now is not None and (not tried or max(tried)[0] < now + CLEARLY):
            return len(centroids)
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
    large = len(rows) > LARGE
    kind: Any = MiniBatchKMeans if large else KMeans
    starts = 1 if large else STARTS
    labels: Ints = kind(n_clusters=k, n_init=starts, random_state=seed).fit_predict(rows)
    return labels


def _largest_first(labels: Ints) -> Ints:
    """Numbered anew by size; groups without members drop out."""
    numbers, compact, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    place = np.empty(len(numbers), np.int64)
    place[np.argsort(-sizes, kind="stable")] = np.arange(len(numbers))
    return place[compact]


def _means(rows: Rows, labels: Ints) -> Rows:
    """Each group's mean scaled to length 1, its first row where the mean has no direction.

    Rows labelled -1 are in none; groups without members drop out.
    """
    order = np.argsort(labels, kind="stable")
    order = order[np.searchsorted(labels[order], 0) :]
    if not len(order):
        return rows[:0]
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    sums: Rows = np.add.reduceat(rows[order], starts, axis=0)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    counts = np.diff(starts, append=len(order))[:, None]
    means: Rows = np.where(
        lengths > 1e-6 * counts, sums / np.maximum(lengths, 1e-12), rows[order[starts]]
    )
    return means.astype(np.float32)


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
