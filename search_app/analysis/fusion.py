"""One score of a passage from two kinds of evidence: closeness of meaning and shared words.

No weight between the two serves every query: normalising each leg's scores by its best (min-max)
blows a chance word up to full score, and a fixed scale ruins identifiers. So each kind counts
for how much it tells about *this* query:

- meaning as a z-score over the collection: how unusual a cosine is;
- BM25 on its own scale, damped by the share of its upper bound that this passage reaches, and
  once more by the share that the best passage reaches: where nothing holds more than a part of
  the query, its words were not those of the collection;
- a bonus for holding all of the query, and one for a title that does, both only as far as these
  words together are rarer than one passage in the collection: two common words stand together
  somewhere by chance.

docs/ranking.md has the figures of each, and of what was tried and thrown out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from search_app.analysis import bm25
from search_app.analysis.bm25 import K1, rarity
from search_app.analysis.weights import Weights

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


@dataclass(frozen=True)
class Terms:
    """The query's terms as this pool sees them; unknown terms have the largest rarity."""

    passages: int
    mean_length: float
    rarity: Mapping[str, float]

    @property
    def mass(self) -> float:
        """What all of the query's terms weigh together."""
        return sum(self.rarity.values())

    @property
    def bound(self) -> float:
        """More than any passage can score."""
        return (K1 + 1) * self.mass

    def without_unknown(self, wholes: Iterable[str]) -> "Terms":
        """Without those of `wholes` that no passage has: their parts are searched for."""
        unknown = rarity(self.passages, 0)
        gone = {term for term in wholes if self.rarity.get(term, 0) >= unknown}
        kept = {term: value for term, value in self.rarity.items() if term not in gone}
        return Terms(self.passages, self.mean_length, kept or self.rarity)

    def bm25(self, frequencies: Mapping[str, int], length: int) -> float:
        """Robertson's BM25 of one passage, from its frequencies of the query's terms."""
        row = np.array([[frequencies.get(term, 0) for term in self.rarity]], np.float64)
        return float(self.scores(row, np.array([length], np.float64))[0])

    def scores(self, frequencies: Floats, lengths: Floats) -> Floats:
        """BM25 of n passages, from their (n, terms) frequencies of the terms."""
        return bm25.scores(self.values(), frequencies, lengths, self.mean_length)

    def coverage(self, found: Iterable[str]) -> float:
        """The share of the query's rarity that these terms make up, 0 to 1."""
        return sum(self.rarity[term] for term in found) / self.mass if self.mass else 0.0

    def shares(self, held: NDArray[np.bool_]) -> Floats:
        """The share of the query's rarity that is held, 0 to 1, from (n, terms) booleans."""
        shares: Floats = held @ self.values() / self.mass if self.mass else np.zeros(len(held))
        return np.minimum(shares, 1.0)

    def values(self) -> Floats:
        """The terms' rarities, in their order."""
        return np.fromiter(self.rarity.values(), np.float64, len(self.rarity))


@dataclass(frozen=True)
class Parts:
    """What the scores of n passages are made of; `score` is their sum."""

    meaning: Floats
    keywords: Floats
    full_match: Floats
    title: Floats

    @property
    def score(self) -> Floats:
        return self.meaning + self.keywords + self.full_match + self.title


def fuse(
    z: Floats,
    bm25: Floats,
    coverage: Floats,
    titles: Floats,
    terms: Terms,
    weights: Weights = DEFAULT,
) -> Parts:
    """Scores of n passages from z-scores, BM25, and the coverage of the query by the passages
    and by their documents' titles."""
    reach = bm25 / terms.bound if terms.bound else np.zeros_like(bm25)
    told = reach.max(initial=0.0)
    beyond = (coverage - weights.coverage_from) / (1 - weights.coverage_from)
    return Parts(
        weights.meaning * z,
        weights.keywords * bm25 * np.sqrt(reach) * told,
        weights.full_match * np.clip(beyond, 0, 1) ** 2 * telling_share(coverage, terms),
        weights.title * titles**2 * telling_share(titles, terms),
    )


def telling_share(coverage: Floats, terms: Terms) -> Floats:
    """1 where the terms held are rarer together than one passage of all, less where commoner.

    Under independence, terms that weigh log N together are expected in one of N passages.
    """
    told: Floats = np.minimum(1.0, coverage * terms.mass / log(terms.passages + 2))
    return told
