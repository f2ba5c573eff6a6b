"""Vectors on a plane by UMAP (McInnes, Healy and Melville 2018, arXiv:1802.03426), an extra.

Its library is large and optional. A layout begins where the former one was and is turned back onto
it. A vector that comes later lies between its nearest ones, so that no other moves and nothing of
the library has to be kept.
"""

import warnings
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from search_app.analysis import projection
from search_app.analysis.projection import MARGIN, SIDE

MOST = 20_000  # vectors that are laid out; the others land between their nearest
FEWEST = 5  # below these, neighbourhoods tell nothing: principal components instead
NEIGHBOURS = 15  # that UMAP keeps near
LANDING = 5  # nearest ones that a later vector lies between
CHUNK = 500
SPREAD = 10.0  # what UMAP takes a beginning's size to be

Rows = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


def installed() -> bool:
    return find_spec("umap") is not None


def fit(vectors: Rows, was: tuple[Ints, Ints] | None = None) -> Ints:
    """Places (n, 2), 0 to SIDE, of n vectors; `was`: positions among them that had a place, and
    the places (m, 2). The same vectors and places give the same layout."""
    if len(vectors) < FEWEST:
        return projection.fit(vectors)[1]
    chosen = np.arange(len(vectors))
    if len(vectors) > MOST:
        chosen = np.sort(np.random.default_rng(0).choice(len(vectors), MOST, replace=False))
    former = np.full((len(vectors), 2), -1, np.int32)
    if was is not None and len(was[0]) > 2:
        former[was[0]] = was[1]
    flat = _laid_out(vectors[chosen], former[chosen])
    placed = np.zeros((len(vectors), 2), np.int32)
    placed[chosen] = _onto_former(flat, former[chosen])
    rest = np.setdiff1d(np.arange(len(vectors)), chosen)
    placed[rest] = land(vectors[rest], vectors[chosen], placed[chosen])
    return placed


def land(vectors: Rows, known: Rows, places: Ints) -> Ints:
    """Places (m, 2) of vectors between those of their nearest among the known ones; all rows have
    length 1."""
    found = np.full((len(vectors), 2), SIDE // 2, np.int32)
    wanted = min(LANDING, len(known))
    for start in range(0, len(vectors) if wanted else 0, CHUNK):
        cosines = vectors[start : start + CHUNK] @ known.T
        near = np.argpartition(cosines, -wanted, axis=1)[:, -wanted:]
        weights = np.clip(np.take_along_axis(cosines, near, axis=1), 1e-3, None) ** 8
        mean = (places[near] * weights[..., None]).sum(axis=1) / weights.sum(axis=1)[:, None]
        found[start : start + CHUNK] = np.rint(mean)
    return found


def _laid_out(vectors: Rows, former: Ints) -> Floats:
    """(n, 2) in UMAP's own units, begun at the former places, or at the principal components."""
    known = former[:, 0] >= 0
    begin = former.astype(np.float64)
    if known.any():
        begin[~known] = land(vectors[~known], vectors[known], former[known])
    else:
        begin = projection.fit(vectors)[1].astype(np.float64)
    begin = (begin / SIDE - 0.5) * SPREAD * 2
    begin += np.random.default_rng(0).normal(scale=1e-3, size=begin.shape)  # none on another
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about an extra of its own, and about running alone
        from umap import UMAP  # type: ignore[import-not-found]  # late: it compiles for seconds

        made = UMAP(
            n_neighbors=min(NEIGHBOURS, len(vectors) - 1),
            metric="cosine",
            init=begin.astype(np.float32),
            random_state=0,
            n_jobs=1,
        )
        flat: Floats = made.fit_transform(vectors).astype(np.float64)
    return flat


def _onto_former(flat: Floats, former: Ints) -> Ints:
    """Turned, mirrored, scaled and moved to be nearest to the former places (Procrustes), where
    it stays on the map; else a square with a margin around all."""
    known = former[:, 0] >= 0
    if known.sum() > 2:
        middle, goal = flat[known].mean(axis=0), former[known].mean(axis=0)
        now, before = flat[known] - middle, former[known] - goal
        left, lengths, right = np.linalg.svd(now.T @ before)
        scale = lengths.sum() / max(float(np.square(now).sum()), 1e-12)
        flat = (flat - middle) @ (left @ right) * scale + goal
        size = np.ptp(flat, axis=0).max()
        if flat.min() >= 0 and flat.max() <= SIDE and size >= SIDE / 2:
            return np.rint(flat).astype(np.int32)
    low, high = flat.min(axis=0), flat.max(axis=0)
    side = float((high - low).max()) * (1 + 2 * MARGIN) or 1.0
    steps = (flat - (low + high - side) / 2) * (SIDE / side)
    placed: Ints = np.clip(np.rint(steps), 0, SIDE).astype(np.int32)
    return placed
