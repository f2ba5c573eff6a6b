"""A sum of vectors drawn: its terms, the result and what is nearest to it, on a plane.

The plane is that of the two directions in which these points differ most (principal component
analysis, Pearson 1901).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 400, 280
MARGIN = 28
LETTER, LINE = 6.2, 12.0  # about the size of a label's letters
GAP = 7.0  # between a point and its label, and between an arrow's end and its point
PLUS, MINUS, NEAR, RESULT = "plus", "minus", "near", "result"

Rows = NDArray[np.float32]
Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Point:
    """Where a word is drawn, and its label: `anchor` is start, middle or end."""

    label: str
    kind: str
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True)
class Arrow:
    """From one point to another; `result` for the one that leads to the sum."""

    x1: float
    y1: float
    x2: float
    y2: float
    result: bool


@dataclass(frozen=True)
class Plane:
    """`explained`: the share of all variance of these points that the plane shows, 0 to 1."""

    points: list[Point]
    arrows: list[Arrow]
    explained: float


def draw(
    plus: Rows, minus: Rows, total: NDArray[np.float32], near: Rows, labels: Sequence[str]
) -> Plane:
    """Of the terms (p, d) and (m, d), their sum (d,) and the nearest words (n, d).

    `labels` are those of all p + m + n words, in that order. What is both is drawn as a term.
    """
    rows = np.concatenate([plus, minus, near, total[None]]).astype(np.float64)
    flat, explained = _flat(rows)
    places = _scaled(flat)
    kinds = [PLUS] * len(plus) + [MINUS] * len(minus) + [NEAR] * len(near) + [RESULT]
    points = _labelled([*labels, ""], kinds, places)
    return Plane(points, _arrows(places, len(plus), len(minus)), explained)


def _flat(rows: Floats) -> tuple[Floats, float]:
    """(n, 2) and the share of variance along both directions."""
    centred = rows - rows.mean(axis=0)
    left, lengths, _right = np.linalg.svd(centred, full_matrices=False)
    flat = np.zeros((len(rows), 2))
    kept = min(2, len(lengths))
    flat[:, :kept] = left[:, :kept] * lengths[:kept]
    variance = float((lengths**2).sum())
    return flat, float((lengths[:2] ** 2).sum()) / variance if variance > 0 else 1.0


def _scaled(flat: Floats) -> Floats:
    """In the picture's units, both directions alike, in the middle."""
    span = np.ptp(flat, axis=0)
    room = np.array([WIDTH - 2 * MARGIN - 60, HEIGHT - 2 * MARGIN])  # labels stand beside
    scale = min(room[n] / span[n] if span[n] > 1e-9 else np.inf for n in (0, 1))
    middle = (flat.max(axis=0) + flat.min(axis=0)) / 2
    placed: Floats = (flat - middle) * (scale if np.isfinite(scale) else 1.0)
    return placed * [1, -1] + [WIDTH / 2, HEIGHT / 2]


def _arrows(places: Floats, plus: int, minus: int) -> list[Arrow]:
    """For a + b - c from c to b, and alike from a to the result; of a sum from each term."""
    result = places[-1]
    if not minus or not plus:
        return _shown([(one, result, True) for one in places[: plus + minus]])
    pairs = [(places[plus + n], places[1 + n], False) for n in range(min(minus, plus - 1))]
    return _shown([*pairs, (places[0], result, True)])


def _shown(pairs: Sequence[tuple[Floats, Floats, bool]]) -> list[Arrow]:
    arrows = []
    for start, end, result in pairs:
        length = float(np.linalg.norm(end - start))
        if length > 3 * GAP:
            step = (end - start) / length * GAP
            (x1, y1), (x2, y2) = (start + step).round(1), (end - step).round(1)
            arrows.append(Arrow(float(x1), float(y1), float(x2), float(y2), result))
    return arrows


def _labelled(labels: Sequence[str], kinds: Sequence[str], places: Floats) -> list[Point]:
    """Each label beside its point, where it covers no other label and no other point."""
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in places]
    points = []
    for own, (label, kind, (x, y)) in enumerate(zip(labels, kinds, places, strict=True)):
        others = taken[:own] + taken[own + 1 :]
        spots = _spots(x, y, LETTER * len(label))
        best = min(spots, key=partial(_cost, others=others))
        if label:
            taken.append(best.box)
        points.append(
            Point(
                label,
                kind,
                x=_short(x),
                y=_short(y),
                label_x=_short(best.x),
                label_y=_short(best.y),
                anchor=best.anchor,
            )
        )
    return points


@dataclass(frozen=True)
class _Spot:
    """Where a label may stand: its anchor's place, and the box that it covers."""

    x: float
    y: float
    anchor: str
    box: Box


def _spots(x: float, y: float, width: float) -> list[_Spot]:
    """Right of the point, left, above, below, and a little lower or higher on the right."""
    found = [
        (x + GAP, y + 4, "start", x + GAP),
        (x - GAP, y + 4, "end", x - GAP - width),
        (x, y - GAP - 2, "middle", x - width / 2),
        (x, y + GAP + LINE - 2, "middle", x - width / 2),
        (x + GAP, y + LINE, "start", x + GAP),
        (x + GAP, y - LINE / 2, "start", x + GAP),
    ]
    return [
        _Spot(at, down, anchor, (left, down - LINE + 3, left + width, down + 3))
        for at, down, anchor, left in found
    ]


def _cost(spot: _Spot, others: Sequence[Box]) -> int:
    left, top, right, bottom = spot.box
    outside = left < 2 or right > WIDTH - 2 or top < 2 or bottom > HEIGHT - 2
    return 2 * outside + sum(_overlap(spot.box, other) for other in others)


def _short(value: float) -> float:
    return round(float(value), 1)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
