"""Groups where vectors lie dense, for when nobody knows how many there are: HDBSCAN.

Campello, Moulavi and Sander 2013, as scikit-learn has it. In hundreds of dimensions all
distances are much alike, so it looks along the directions in which the vectors differ most.
"""

import numpy as np

from search_app.analysis.clustering import (
    Grouping,
    Ints,
    Rows,
    largest_first,
    means,
    nearest,
    silhouette,
)

DIRECTIONS = 30  # that it looks along
MOST = 20_000  # vectors it looks at; the others go where the nearest centroid reaches
FEWEST = 2  # vectors of a group
SHARE = 0.01  # of the vectors that a group has at least, where nothing else is said,
FAR = 0.05  # of a group's members lie farther from its centroid than it reaches
USUAL = (3, 50)  # and no fewer and no more than so many


def smallest_for(count: int) -> int:
    """How many of `count` vectors a group should have at least."""
    return int(np.clip(round(SHARE * count), *USUAL))


def group(vectors: Rows, smallest: int | None, seed: int) -> Grouping:
    """Groups of `smallest` vectors or more, the largest first; `labels` are -1 for vectors in none.

    Those in none have in `scores` their cosine with the nearest centroid. The same vectors and
    seed give the same groups. No vector may be zero.
    """
    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if len(vectors) else vectors
    least = smallest or smallest_for(len(rows))
    labels = np.full(len(rows), -1, np.int64)
    if len(rows) >= max(least, FEWEST):
        chosen = np.arange(len(rows))
        if len(rows) > MOST:
            draw = np.random.default_rng(seed)
            chosen = np.sort(draw.choice(len(rows), MOST, replace=False))
        labels[chosen] = _dense(rows[chosen], least, seed)
    labels = largest_first(labels)
    centroids = means(rows, labels)
    if len(rows) > MOST and len(centroids):
        rest = np.setdiff1d(np.arange(len(rows)), chosen)
        labels[rest] = within(rows[rest], centroids, reaches(rows, labels, centroids))
        labels = largest_first(labels)
        centroids = means(rows, labels)
    scores = np.zeros(len(rows), np.float32)
    if len(centroids):
        own = np.where(labels < 0, nearest(rows, centroids), labels)
        scores = np.einsum("nd,nd->n", rows, centroids[own])
    inside = labels >= 0
    kept_apart = silhouette(rows[inside], labels[inside])
    sample = MOST if len(rows) > MOST else None
    return Grouping(labels, centroids, scores, kept_apart, sample)


def reaches(rows: Rows, labels: Ints, centroids: Rows) -> Rows:
    """(k,): of each group, the cosine with its centroid that all but FAR of its members reach."""
    found = [
        np.quantile(rows[labels == label] @ centroid, FAR)
        for label, centroid in enumerate(centroids)
    ]
    return np.array(found, np.float32)


def within(rows: Rows, centroids: Rows, reach: Rows) -> Ints:
    """The group with the nearest centroid of each row; -1 where that does not reach so far."""
    labels = nearest(rows, centroids)
    scores = np.einsum("nd,nd->n", rows, centroids[labels])
    return np.where(scores >= reach[labels], labels, -1)


def _dense(rows: Rows, least: int, seed: int) -> Ints:
    from sklearn.cluster import HDBSCAN  # late, as in `clustering`
    from sklearn.decomposition import PCA

    if not np.ptp(rows, axis=0).max() > 0:
        return np.zeros(len(rows), np.int64)  # all the same
    directions = min(DIRECTIONS, *rows.shape)
    flat = PCA(directions, random_state=seed).fit_transform(rows)
    found = HDBSCAN(
        min_cluster_size=max(least, FEWEST),
        min_samples=FEWEST,  # more of them leave most texts outside
        cluster_selection_method="eom",
        copy=True,
    )
    labels: Ints = found.fit_predict(flat).astype(np.int64)
    return labels
