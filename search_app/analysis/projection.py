"""Vectors on a plane: the two directions in which they differ most (principal components).

Pearson 1901; computed by scikit-learn. The axes are kept, so that a vector that comes later
has its place without moving any other.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

SIDE = 65_535  # the map is a square of so many steps: 16 bits a coordinate
MARGIN = 0.05  # of the map's side, left free around the first vectors for those to come
FLAT = 1e-12  # a variance below this is none
FITS = (0.5, 1.0)  # shares of the former side that the vectors may take up and keep its scale

Rows = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Axes:
    """What places vectors: `side` units of the plane are SIDE steps, from `low` on.

    `explained` is the share of all variance that lies along each direction, 0 to 1.
    """

    mean: Floats  # (dimension,)
    directions: Floats  # (2, dimension), at right angles, length 1 each
    explained: Floats  # (2,)
    low: Floats  # (2,)
    side: float


def fit(
    vectors: Rows, former: Axes | None = None, was: tuple[Ints, Ints] | None = None
) -> tuple[Axes, Ints]:
    """Axes for n vectors, and their places (n, 2).

    With the `former` axes and what `was` where (positions among the vectors, and places (m, 2)),
    the plane is turned, and its scale kept where that fits, so that they lie as before
    (orthogonal Procrustes, Schönemann 1966).
    """
    axes = _principal(vectors)
    flat = _onto(vectors, axes)
    if former is not None and was is not None and len(was[0]) > 2:
        axes = _turned(axes, flat, was)
        flat = _onto(vectors, axes)
        if kept := _in_former_scale(axes, former, flat, was):
            return kept, _steps(flat, kept)
    axes = _scaled(axes, flat)
    return axes, _steps(flat, axes)


def place(vectors: Rows, axes: Axes) -> Ints:
    """Places (n, 2) from 0 to SIDE; what lies beyond the map's edge is put on it."""
    return _steps(_onto(vectors, axes), axes)


def _principal(vectors: Rows) -> Axes:
    """The mean and the first two components; zero where the vectors do not differ so far."""
    from sklearn.decomposition import PCA  # late, as in `clustering`

    count, dimension = vectors.shape
    directions, explained = np.zeros((2, dimension)), np.zeros(2)
    mean = vectors.mean(axis=0, dtype=np.float64) if count else np.zeros(dimension)
    if count > 1 and float(np.square(vectors[:1000] - mean).sum()) > FLAT:
        found = PCA(min(2, count, dimension), random_state=0).fit(vectors)
        directions[: len(found.components_)] = found.components_
        explained[: len(found.components_)] = found.explained_variance_ratio_
    return Axes(mean, directions, np.nan_to_num(explained), np.zeros(2), 1.0)


def _onto(vectors: Rows, axes: Axes) -> Floats:
    """(n, 2) in the plane's own units."""
    directions = axes.directions.astype(np.float32)
    flat: Floats = (vectors @ directions.T).astype(np.float64) - axes.directions @ axes.mean
    return flat


def _turned(axes: Axes, flat: Floats, was: tuple[Ints, Ints]) -> Axes:
    """The same plane, turned and mirrored to bring it nearest to where the vectors were."""
    rows, places = was
    now, before = flat[rows] - flat[rows].mean(axis=0), places - places.mean(axis=0)
    left, _lengths, right = np.linalg.svd(now.T @ before)
    turn = left @ right
    total = axes.explained.sum()
    spread = (flat @ turn).var(axis=0)
    explained = total * spread / spread.sum() if spread.sum() > 0 else axes.explained
    return replace(axes, directions=turn.T @ axes.directions, explained=explained)


def _in_former_scale(axes: Axes, former: Axes, flat: Floats, was: tuple[Ints, Ints]) -> Axes | None:
    """At the former scale, the vectors' middle where it was; None where they do not fit."""
    rows, places = was
    before = former.low + places.mean(axis=0) / SIDE * former.side
    kept = replace(axes, low=former.low + flat[rows].mean(axis=0) - before, side=former.side)
    shares = (flat - kept.low) / kept.side
    inside = shares.min() >= 0 and shares.max() <= FITS[1]
    return kept if inside and np.ptp(shares, axis=0).max() >= FITS[0] else None


def _scaled(axes: Axes, flat: Floats) -> Axes:
    """A square around all of them, with a margin; both directions have one scale."""
    if not len(flat):
        return axes
    low, high = flat.min(axis=0), flat.max(axis=0)
    side = float((high - low).max()) * (1 + 2 * MARGIN) or 1.0
    return replace(axes, low=(low + high - side) / 2, side=side)


def _steps(flat: Floats, axes: Axes) -> Ints:
    steps = np.rint((flat - axes.low) * (SIDE / axes.side))
    placed: Ints = np.clip(steps, 0, SIDE).astype(np.int32)
    return placed


def densest(places: Ints, labels: Ints, count: int) -> Ints:
    """Of each of `count` groups, the middle of the spot with the most of its points, (count, 2).

    Points (n, 2) with labels (n,); labels outside 0 to count - 1 belong to no group.
    """
    spots = np.full((count, 2), SIDE // 2, np.int32)
    cells = 32
    at = places.astype(np.int64) * cells // (SIDE + 1)
    for group in np.unique(labels[(labels >= 0) & (labels < count)]):
        mine = np.flatnonzero(labels == group)
        numbers = at[mine, 0] * cells + at[mine, 1]
        fullest = numbers == np.bincount(numbers).argmax()
        spots[group] = np.median(places[mine[fullest]], axis=0)
    return spots
