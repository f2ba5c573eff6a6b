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
    two groups, or none has two different members. `sample` of the vectors were looked at to find
    the groups; None where all were.
    """

    labels: Ints  # (n,): 0 to k - 1
    centroids: Rows  # (k, dimension), length 1
    scores: Rows  # (n,): cosine of each vector with its centroid
    silhouette: float | None
    sample: int | None = None


def group(vectors: Rows, wanted: int | None, seed: int, former: Ints | None = None) -> Grouping:
    """`wanted` groups, or as many as keep apart best; never more than distinct vectors.

    `former` (n,) are the groups there were, -1 for vectors in none: where their number is still
    right, the new ones begin at their means. The same vectors, seed and former groups give the
    same groups. No vector may be zero.
    """
    if not len(vectors):
        return Grouping(np.empty(0, np.int64), vectors, np.empty(0, np.float32), None)
    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    begin = means(rows, former) if former is not None else rows[:0]
    labels, centroids = _settled(rows, begin) if len(begin) else (np.zeros(0, np.int64), begin)
    k = min(wanted, _distinct(rows, wanted)) if wanted else _count(rows, centroids, seed)
    if k != len(centroids):
        labels, centroids = _settled(rows, _beginning(rows, k, seed))
    place = _by_size(labels)
    labels, centroids = place[labels], centroids[np.argsort(place)]
    scores = np.einsum("nd,nd->n", rows, centroids[labels])
    return Grouping(labels, centroids, scores, silhouette(rows, labels))


def nearest(rows: Rows, centroids: Rows) -> Ints:
    """(n,): the group whose centroid has the highest cosine with each row."""
    labels: Ints = (rows @ centroids.T).argmax(axis=1)
    return labels


def _settled(rows: Rows, centroids: Rows) -> tuple[Ints, Rows]:
    """Labels and centroids that stay as they are when every row goes to the nearest of them."""
    labels = np.full(len(rows), -1)
    for _round in range(ROUNDS):
        found = _none_empty(rows, nearest(rows, centroids), centroids)
        if (found == labels).all():
            break
        labels, centroids = found, means(rows, found)
    return labels, centroids


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


def _count(rows: Rows, centroids: Rows, seed: int) -> int:
    """The number of groups with the highest silhouette; the former one, whose settled centroids
    are given, where no other is clearly better."""
    sample = rows[_sample(len(rows), seed)]
    tried = [
        (score, -k)
        for k in _counts(_distinct(rows, 2 * MOST))
        if (score := silhouette(sample, nearest(sample, _beginning(sample, k, seed)))) is not None
    ]
    if len(centroids):
        now = silhouette(sample, nearest(sample, centroids))
        if now is not None and (not tried or max(tried)[0] < now + CLEARLY):
            return len(centroids)
    return -max(tried)[1] if tried else 1


def _counts(distinct: int) -> Iterator[int]:
    """Numbers of groups worth trying, in widening steps; two members each on average."""
    k = 2
    while k <= min(MOST, distinct // 2):
        yield k
        k += 1 + k // 8


def _beginning(rows: Rows, k: int, seed: int) -> Rows:
    """Centroids to begin with, (k, dimension), length 1."""
    # Imported late: it takes a second that processes which cluster nothing need not wait.
    from sklearn.cluster import KMeans, MiniBatchKMeans

    if k == 1:
        return means(rows, np.zeros(len(rows), np.int64))
    if len(rows) > LARGE:
        kind: Any = MiniBatchKMeans(k, n_init=1, random_state=seed, compute_labels=False)
    else:
        kind = KMeans(k, n_init=STARTS, random_state=seed)
    found: Rows = kind.fit(rows).cluster_centers_.astype(np.float32)
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    return found


def _by_size(labels: Ints) -> Ints:
    """The place of each of the groups 0 to k - 1, the largest first."""
    sizes = np.bincount(labels)
    place = np.empty(len(sizes), np.int64)
    place[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return place


def largest_first(labels: Ints) -> Ints:
    """Numbered anew by size; groups without members drop out, -1 stays."""
    inside = labels >= 0
    _numbers, compact = np.unique(labels[inside], return_inverse=True)
    found = np.full(len(labels), -1, np.int64)
    found[inside] = _by_size(compact)[compact]
    return found


def means(rows: Rows, labels: Ints) -> Rows:
    """Each group's mean scaled to length 1, its first row where the mean has no direction.

    Rows labelled -1 are in none; groups without members drop out.
    """
    inside = np.flatnonzero(labels >= 0)
    numbers, first, compact, counts = np.unique(
        labels[inside], return_index=True, return_inverse=True, return_counts=True
    )
    sums = _sums(rows, inside, compact, len(numbers))
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    found: Rows = np.where(
        lengths > 1e-6 * counts[:, None], sums / np.maximum(lengths, 1e-12), rows[inside[first]]
    )
    return found.astype(np.float32)


def _sums(rows: Rows, inside: Ints, groups: Ints, count: int) -> Rows:
    """(count, dimension): the sum of each group of the rows `inside`."""
    from scipy.sparse import csr_matrix  # several times faster here than sums in numpy

    ones = np.ones(len(inside), np.float32)
    found: Rows = csr_matrix((ones, (groups, inside)), shape=(count, len(rows))) @ rows
    return found


def silhouette(rows: Rows, labels: Ints) -> float | None:
    """The mean silhouette (Rousseeuw 1987) by 1 - cosine, -1 to 1; rows have length 1.

    None where it is not defined: with one group, or none of two. A mean distance to a group is
    1 - the cosine with its mean, so that no pairs are needed.
    """
    numbers, compact, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if not 1 < len(numbers) < len(labels):
        return None
    each = np.arange(len(rows))
    sums = _sums(rows, each, compact, len(numbers))
    between = counts - rows @ sums.T  # of distances to each group, the sum
    own = np.clip(between[each, compact], 0, None) / np.maximum(counts[compact] - 1, 1)
    between = np.clip(between / counts, 0, None)
    between[each, compact] = np.inf
    nearest_other = between.min(axis=1)
    most = np.maximum(own, nearest_other)
    values = np.where(most > 0, (nearest_other - own) / np.maximum(most, 1e-12), 0.0)
    return float(np.where(counts[compact] > 1, values, 0.0).mean())
