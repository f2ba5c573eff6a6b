"""How sure a mean over queries is: the percentile bootstrap (Efron and Tibshirani, 1993).

Queries are drawn again with replacement, as many as there are, 2,000 times; the middle 95%
of the means is the interval. The seed is fixed, so equal figures have equal intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95
DIGITS = 6
CHUNK = 100  # resamples drawn at once: a thousand queries take a megabyte


@dataclass(frozen=True)
class Interval:
    """A mean and where it lies; `low` and `high` are None where one query tells nothing."""

    mean: float
    low: float | None
    high: float | None


def interval(values: Sequence[float], seed: int = 0) -> Interval:
    """The mean of one or more values, with its interval."""
    sample = np.asarray(values, dtype=np.float64)
    mean = round(float(sample.mean()), DIGITS)
    if len(sample) < 2:
        return Interval(mean, None, None)
    draw = np.random.default_rng(seed)
    means = np.concatenate(
        [
            sample[draw.integers(0, len(sample), (CHUNK, len(sample)))].mean(axis=1)
            for _chunk in range(RESAMPLES // CHUNK)
        ]
    )
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(mean, round(float(low), DIGITS), round(float(high), DIGITS))


def difference(before: Sequence[float], after: Sequence[float], seed: int = 0) -> Interval:
    """Of the same queries in the same order: how much `after` is above, query by query."""
    return interval(np.subtract(after, before).tolist(), seed)
