"""Weights tried on one half of the judged queries; what they gain is measured on the other.

Coordinate search: each named weight in turn is made larger and smaller by a factor, what
raises the mean nDCG@10 of the half is kept, and once a whole round raises nothing the steps
become finer. `meaning` stays as it is: ranks depend on the other weights relative to it.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace

from search_app.analysis.weights import Weights, WeightsError

FIXED = {"meaning"}
FACTORS = (2.0, 1.4, 1.15)  # steps, coarse to fine
LEAST_GAIN = 0.0005  # of mean nDCG@10: less is noise
MOST_TRIED = 200

NAMES = tuple(one.name for one in fields(Weights) if one.name not in FIXED)

Measure = Callable[[Weights], float]


@dataclass
class Tuned:
    """The best weights, their value on the half they were tuned on, and how many were tried."""

    weights: Weights
    value: float
    tried: int


@dataclass
class _Search:
    measure: Measure
    time_is_up: Callable[[], bool]
    best: Weights
    value: float
    tried: set[tuple[float, ...]] = field(default_factory=set)

    def over(self) -> bool:
        return len(self.tried) >= MOST_TRIED or self.time_is_up()

    def take(self, weights: Weights) -> bool:
        """Whether these are better than the best so far, which they then are."""
        key = tuple(weights.to_json().values())
        if key in self.tried or self.over():
            return False
        self.tried.add(key)
        value = self.measure(weights)
        if value < self.value + LEAST_GAIN:
            return False
        self.best, self.value = weights, value
        return True


def tune(start: Weights, measure: Measure, time_is_up: Callable[[], bool], seed: int = 0) -> Tuned:
    """The best weights that were found before the time was up, those at the start at worst."""
    search = _Search(measure, time_is_up, start, measure(start))
    search.tried.add(tuple(start.to_json().values()))
    draw = random.Random(seed)  # noqa: S311 - no secret
    for factor in FACTORS:
        names = list(NAMES)
        draw.shuffle(names)
        while not search.over() and _round(search, names, factor):
            pass
    return Tuned(search.best, search.value, len(search.tried))


def _round(search: _Search, names: list[str], factor: float) -> bool:
    """Try a step of each weight; whether any was for the better."""
    before = search.value
    for name in names:
        _step(search, name, factor)
    return search.value > before


def _step(search: _Search, name: str, factor: float) -> None:
    """Go on in the direction in which this weight is better, if there is one."""
    before = search.value
    for steps in (factor, 1 / factor):
        for weights in _onwards(search, name, steps):
            if not search.take(weights):
                break
        if search.value > before:
            return


def _onwards(search: _Search, name: str, factor: float) -> Iterator[Weights]:
    """The best weights with this one changed, as long as they are weights."""
    while True:
        value = getattr(search.best, name)
        # A weight of 0 cannot be multiplied: it begins anew from what it is by default.
        target = value * factor if value else getattr(Weights(), name) * (factor > 1)
        try:
            yield replace(search.best, **{name: round(target, 6)})
        except WeightsError:
            return
