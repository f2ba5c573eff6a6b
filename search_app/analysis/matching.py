"""Which of the new groups are which of the former ones."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ENOUGH = 0.3  # of likeness, for a new group to be taken for a former one


def match(vectors: Rows, former: Ints, labels: Ints) -> tuple[Ints, Floats]:
    """For each new group the former group that it goes on, -1 for none, and the share of members
    that the two have in common.

    `former` and `labels` (n,) number the groups from 0; -1 is none. The likeness of two groups is
    the mean of the Jaccard index of their members and the cosine of their centroids, taken from
    the middle of all vectors, so that it means the same under every model. Pairs are those with
    the highest likeness in all (Hungarian method, Kuhn 1955).
    """
    from scipy.optimize import linear_sum_assignment  # late, as in `clustering`

    old, new = _members(former), _members(labels)
    found, shared = np.full(new.shape[0], -1, np.int64), np.zeros(new.shape[0])
    if not old.shape[0] or not new.shape[0]:
        return found, shared
    both = (new @ old.T).toarray()
    sizes = _sizes(new) + _sizes(old).T
    jaccard = both / np.maximum(sizes - both, 1)
    likeness = (jaccard + _cosines(vectors, new, old)) / 2
    rows, columns = linear_sum_assignment(-likeness)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if jaccard[row, column] > 0 and likeness[row, column] >= ENOUGH:
            found[row], shared[row] = column, jaccard[row, column]
    return found, shared


def _members(labels: Ints):  # type: ignore[no-untyped-def]
    """(groups, n): 1 where a vector is in a group, as a sparse matrix."""
    from scipy.sparse import csr_matrix

    (inside,) = np.nonzero(labels >= 0)
    groups = int(labels.max(initial=-1)) + 1
    ones = np.ones(len(inside))
    return csr_matrix((ones, (labels[inside], inside)), shape=(groups, len(labels)))


def _sizes(members) -> Floats:  # type: ignore[no-untyped-def]
    """(groups, 1)"""
    return np.asarray(members.sum(axis=1), np.float64)


def _cosines(vectors: Rows, new, old) -> Floats:  # type: ignore[no-untyped-def]
    """Of the groups' middles, seen from the middle of all; 0 where one lies there."""
    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    middle = rows.mean(axis=0)
    sides = []
    for members in (new, old):
        means = members @ rows / np.maximum(_sizes(members), 1) - middle
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        sides.append(np.where(lengths > 1e-6, means / np.maximum(lengths, 1e-12), 0.0))
    found: Floats = sides[0] @ sides[1].T
    return found
