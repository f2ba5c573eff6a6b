"""One score from two kinds of evidence: closeness of meaning and shared words.

The meaning leg counts as a z-score over the pool, so that it tells how unusual a cosine is
for this query; BM25 counts on its own scale, damped by how much of its upper bound it
reaches, so that one chance word is not blown up; a bonus goes to documents that hold all of
the query's words, which is what finds identifiers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from search_app.analysis.weights import Weights

K1 = 1.2
B = 0.75

DEFAULT = Weights()
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """How the cosines of a pool lie for one query."""

    count: float
    mean: float
    variance: float


def pooled(spreads: Iterable[Spread]) -> Spread:
    """The spread of several pools taken together."""
    known = [spread for spread in spreads if spread.count > 0]
    count = sum(spread.count for spread in known)
    if not count:
        return Spread(0, 0.0, 0.0)
    mean = sum(spread.count * spread.mean for spread in known) / count
    squares = sum(s.count * (s.variance + s.mean**2) for s in known) / count
    return Spread(count, mean, max(squares - mean**2, 0.0))


def z_scores(cosines: Floats, spread: Spread) -> Floats:
    """Standard deviations above the mean; 0 where every cosine is the same."""
    if spread.variance < 1e-12:
        return np.zeros_like(cosines)
    scores: Floats = (cosines - spread.mean) / np.sqrt(spread.variance)
    return scores


def rarity(passages: int, holding: int) -> float:
    """BM25's weight of a term that `holding` of `passages` passages contain; above 0."""
    return log(1 + (passages - holding + 0.5) / (holding + 0.5))


@dataclass(frozen=True)
class Terms:
    """The query's terms as this pool sees them; unknown terms have the largest rarity."""

    passages: int
    mean_length: float
    rarity: Mapping[str, float]

    @property
    def bound(self) -> float:
        """More than any passage can score."""
        return (K1 + 1) * sum(self.rarity.values())

    def bm25(self, frequencies: Mapping[str, int], length: int) -> float:
        """Robertson's BM25 of one passage, from its frequencies of the query's terms."""
        norm = K1 * (1 - B + B * length / max(self.mean_length, 1.0))
        return sum(
            self.rarity[term] * count * (K1 + 1) / (count + norm)
            for term, count in frequencies.items()
        )

    def coverage(self, found: Iterable[str]) -> float:
        """The share of the query's rarity that these terms make up, 0 to 1."""
        total = sum(self.rarity.values())
        return sum(self.rarity[term] for term in found) / total if total else 0.0


def fuse(
    cosines: Floats,
    spread: Spread,
    keywords: Floats,
    bound: float,
    coverage: Floats,
    weights: Weights = DEFAULT,
) -> Floats:
    """Scores of n passages from their cosines, BM25 scores and their documents' coverage."""
    reach = np.sqrt(keywords / bound) if bound else np.zeros_like(keywords)
    beyond = (coverage - weights.coverage_from) / (1 - weights.coverage_from)
    bonus = weights.full_match * np.clip(beyond, 0, 1) ** 2
    meaning = weights.meaning * z_scores(cosines, spread)
    return meaning + weights.keywords * keywords * reach + bonus
