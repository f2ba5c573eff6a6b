"""Robertson's BM25 over the postings of a query's terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from collections_app.pipeline.postings import Postings

K1 = 1.2
B = 0.75
SPARSE = 16  # an id in so many, from the first to the last, is the least for a table of all

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
Numbers = NDArray[np.int32]


def rarity(passages: int, holding: int) -> float:
    """BM25's weight of a term that `holding` of `passages` passages contain; above 0."""
    return log(1 + (passages - holding + 0.5) / (holding + 0.5))


def scores(
    rarities: Floats,
    frequencies: NDArray[np.integer] | Floats,
    lengths: NDArray[np.integer] | Floats,
    mean_length: float,
) -> Floats:
    """Of n passages (n,), from how rare each of t terms is (t,), how often it stands in each
    passage (n, t), and how many terms the passages have (n,)."""
    norm = K1 * (1 - B + B / max(mean_length, 1.0) * lengths)
    found = np.zeros(len(lengths))
    for rare, column in zip(rarities, frequencies.T, strict=True):
        held = np.flatnonzero(column)
        often = column[held]
        found[held] += rare * (K1 + 1) * often / (often + norm[held])
    return found


@dataclass(frozen=True)
class Lists:
    """The n passages of a pool that have any of t terms, and what BM25 needs to score them.

    `passages` (n,) in ascending order, their `lengths` in terms (n,), the `frequencies` of each
    term in them (n, t); how rare each term is in the pool (t,), one that stands nowhere being
    the rarest; `count` and `mean_length` are of all the passages of the pool.
    """

    terms: tuple[str, ...]
    passages: Ids
    lengths: Numbers
    frequencies: Numbers
    rarity: Floats
    count: int
    mean_length: float

    def bm25(self) -> Floats:
        """The score of each passage (n,)."""
        return scores(self.rarity, self.frequencies, self.lengths, self.mean_length)

    def best(self, limit: int) -> NDArray[np.integer]:
        """The places of the passages with the highest scores, best first; ties by passage."""
        scores = self.bm25()
        places = np.arange(len(scores))
        for step in (16, 1):  # the last of the best of some is at most that of all
            some = scores[places][::step]
            if len(some) > limit:
                least = np.partition(some, -limit)[-limit]
                places = places[scores[places] >= least]
        return places[np.lexsort((places, -scores[places]))][:limit]

    @property
    def bound(self) -> float:
        """More than any passage can score."""
        return (K1 + 1) * float(self.rarity.sum())

    def at(self, places: NDArray[np.integer]) -> "Lists":
        """The same of the passages at these places, (m,), in ascending order."""
        return Lists(
            self.terms,
            self.passages[places],
            self.lengths[places],
            self.frequencies[places],
            self.rarity,
            self.count,
            self.mean_length,
        )

    def only(self, passages: Ids) -> "Lists":
        """The same of those passages that are among these, which are in ascending order."""
        return self.at(np.flatnonzero(_among(self.passages, passages)))


def joined(
    terms: Sequence[str],
    postings: Sequence[Postings],
    void: Ids,
    count: int,
    mean_length: float,
    among: Ids | None = None,
) -> Lists:
    """The postings of each term, without the passages in `void`, put side by side: of all
    passages, or of those `among` them, in ascending order. How rare a term is, all tell."""
    if len(void):
        gone = np.unique(void)
        postings = [one.at(~_held(one.passages, gone)) for one in postings]
    rarities = np.array([rarity(count, len(one.passages)) for one in postings], np.float64)
    if among is not None:
        postings = [one.at(_held(one.passages, among)) for one in postings]
    ids = np.concatenate([np.empty(0, np.int64), *(one.passages for one in postings)])
    passages, places = _distinct(ids)
    lengths = np.zeros(len(passages), np.int32)
    frequencies = np.zeros((len(passages), len(terms)), np.int32, order="F")
    begin = 0
    for column, one in zip(frequencies.T, postings, strict=True):
        end = begin + len(one.passages)
        column[places[begin:end]] = one.frequencies
        lengths[places[begin:end]] = one.lengths
        begin = end
    return Lists(tuple(terms), passages, lengths, frequencies, rarities, count, mean_length)


def _distinct(ids: Ids) -> tuple[Ids, NDArray[np.integer]]:
    """Each id once, in ascending order, and the place there of each that was given."""
    first, last = (ids.min(), ids.max()) if len(ids) else (0, 0)
    size = int(last - first) + 1
    if size > SPARSE * len(ids):
        # Those of each term are in order already, which this sort makes use of.
        ordered = np.sort(ids, kind="stable")
        once = ordered[np.diff(ordered, prepend=first - 1) > 0]
        return once, np.searchsorted(once, ids)
    seen = np.zeros(size, bool)
    seen[ids - first] = True
    places = np.cumsum(seen, dtype=np.int32) - 1
    return np.flatnonzero(seen) + first, places[ids - first]


def _held(ids: Ids, by: Ids) -> NDArray[np.bool_]:
    """For each of the ids, in any order, whether it is one of those in `by`, which ascend."""
    if not len(by):
        return np.zeros(len(ids), bool)
    held: NDArray[np.bool_] = by[np.minimum(np.searchsorted(by, ids), len(by) - 1)] == ids
    return held


def _among(ids: Ids, others: Ids) -> NDArray[np.bool_]:
    """For each of the ids whether it is one of the others, which are fewer; both ascending."""
    found = np.zeros(len(ids), bool)
    if len(ids):
        places = np.minimum(np.searchsorted(ids, others), len(ids) - 1)
        found[places[ids[places] == others]] = True
    return found
