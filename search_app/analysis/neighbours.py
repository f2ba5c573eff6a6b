"""A second look at the best documents, by the vectors of their best passages.

Neighbours vouch for each other (score regularisation: Diaz, "Regularizing ad hoc retrieval
scores", 2005), and the best of them add their meaning to the query's (pseudo-relevance
feedback: Rocchio, 1971).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_app.analysis.fusion import DEFAULT, Floats
from search_app.analysis.weights import Weights

NEIGHBOURS = 5
DOUBLED = 3  # a neighbour's word counts by its cosine to the power of 2 to this, which is 8
FED_BACK = 2  # documents
FULL = 8  # power of the best coverage by which all this is withheld


@dataclass(frozen=True)
class Second:
    """What the second look adds to the score of each of n documents."""

    neighbours: Floats
    feedback: Floats


def second_look(
    scores: Floats,
    z: Floats,
    vectors: NDArray[np.float32],
    query: NDArray[np.float32],
    coverage: float,
    weights: Weights = DEFAULT,
) -> Second:
    """From the scores and z-scores of n documents, and the vectors of their best passages.

    `coverage` is the best of any passage: a query that one holds in full (a name, a title) is
    left alone. A vector of NaN has no neighbours and none of its own.
    """
    share = 1 - min(coverage, 1.0) ** FULL
    known = np.isfinite(vectors).all(axis=1)
    nothing = np.zeros_like(scores)
    if share < 1e-3 or known.sum() < 2:
        return Second(nothing, nothing)
    rows = vectors[known].astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    affinity = weights.neighbours * share * _affinity(rows)
    own = scores[known]
    first = _vouched(own, affinity)
    fed = own + weights.meaning * _moved(rows, query, first, z[known], weights.feedback * share)
    feedback, neighbours = nothing.copy(), nothing.copy()
    feedback[known] = fed - own
    neighbours[known] = _vouched(fed, affinity) - fed
    return Second(neighbours, feedback)


def _affinity(rows: Floats) -> Floats:
    """(n, n): each row's nearest others, by the power of their cosine; 0 for the rest."""
    cosines: Floats = rows @ rows.T
    np.clip(cosines, 0, 1, out=cosines)
    np.fill_diagonal(cosines, 0)
    if len(rows) > NEIGHBOURS:
        least = np.partition(cosines, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS]
        cosines = np.where(cosines >= least[:, None], cosines, 0)
    for _ in range(DOUBLED):  # which the general power takes twenty times as long for
        np.multiply(cosines, cosines, out=cosines)
    return cosines


def _vouched(scores: Floats, affinity: Floats) -> Floats:
    """h' = (h + sum of w_n h_n) / (1 + sum of w_n), n over the neighbours."""
    vouched: Floats = (scores + affinity @ scores) / (1 + affinity.sum(axis=1))
    return vouched


def _moved(
    rows: Floats, query: NDArray[np.float32], scores: Floats, z: Floats, by: float
) -> Floats:
    """How each z-score changes once the best rows are added to the query, by so much.

    The new cosines are brought to the mean and deviation of the old z-scores: how those of the
    whole collection would lie is not known, and within these rows it is their order that counts.
    """
    best = np.argsort(-scores, kind="stable")[:FED_BACK]
    direction = query / max(float(np.linalg.norm(query)), 1e-12) + by * rows[best].mean(axis=0)
    cosines = rows @ direction
    spread = cosines.std()
    if spread < 1e-9:
        return np.zeros_like(z)
    moved: Floats = (cosines - cosines.mean()) / spread * z.std() + z.mean() - z
    return moved
