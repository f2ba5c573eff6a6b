"""Passages with their scores: kept by column, and made into rows only where one is looked at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from search_app.analysis.fusion import Floats

Ids = NDArray[np.int64]
Places = NDArray[np.integer[Any]]


class Scored(NamedTuple):
    """A passage and what its score is made of: `score` is the sum of the last six.

    `terms` are those it has in common with the query, rarest first. The ranks are those in
    each leg, from 1; None where the leg has nothing to say. `good`: near enough to the query
    that it is no chance; where no hit is good, there is no good match. `evidence` is what that
    goes by: the cosine, and what holding the query's words adds to it.
    """

    passage_id: int
    document_id: int
    score: float
    cosine: float | None
    keywords: float
    terms: dict[str, float]  # with their rarity
    vector_rank: int | None = None
    keyword_rank: int | None = None
    coverage: float = 0.0  # share of the query's rarity that the passage holds
    good: bool = True
    evidence: float = 0.0
    by_meaning: float = 0.0
    by_keywords: float = 0.0
    by_full_match: float = 0.0
    by_title: float = 0.0
    by_neighbours: float = 0.0
    by_feedback: float = 0.0
    reranked: float | None = None  # how well it answers, by the reranker, 0 to 1: goes first
    place_before: int | None = None  # and where it stood without that, from 1


@dataclass(frozen=True)
class Pool:
    """n candidates that were scored together; each array (n,).

    `contents` are equal where documents have equal content; `alike` are near duplicates of
    documents that have any, here or not. `parts` are the columns `by_…` of Scored. `held`
    (n, t) tells which of the terms, with their rarity, each passage has.
    """

    passages: Ids
    documents: Ids
    contents: Ids
    alike: Mapping[int, Sequence[int]]
    scores: Floats
    good: NDArray[np.bool_]
    evidence: Floats
    cosines: Floats  # NaN: no vector
    keywords: Floats
    coverage: Floats
    parts: Mapping[str, Floats]
    held: NDArray[np.bool_]
    rarity: Mapping[str, float]

    def scored(self, at: int) -> Scored:
        """The row at this place."""
        cosine, keywords = float(self.cosines[at]), float(self.keywords[at])
        has = zip(self.rarity.items(), self.held[at].tolist(), strict=True)
        parts: dict[str, Any] = {name: float(column[at]) for name, column in self.parts.items()}
        terms = sorted((item for item, held in has if held), key=lambda one: (-one[1], one[0]))
        return Scored(
            passage_id=int(self.passages[at]),
            document_id=int(self.documents[at]),
            score=float(self.scores[at]),
            cosine=None if np.isnan(cosine) else cosine,
            keywords=keywords,
            terms=dict(terms),
            vector_rank=None if np.isnan(cosine) else _rank(self.cosines, cosine),
            keyword_rank=_rank(self.keywords, keywords) if keywords > 0 else None,
            coverage=float(self.coverage[at]),
            good=bool(self.good[at]),
            evidence=float(self.evidence[at]),
            **parts,
        )


def _rank(values: Floats, value: float) -> int:
    """From 1, the highest first; equal values share a rank."""
    return int(np.count_nonzero(values > value)) + 1


class Ranking(Sequence[Scored]):
    """Passages of one or more pools, best first; ties by passage."""

    def __init__(self, pools: Sequence[Pool], order: Places | None = None) -> None:
        """`order`: places in the pools put one behind another; by score where left out."""
        self._pools = list(pools)
        self._starts = np.cumsum([0, *(len(pool.passages) for pool in pools)])
        if order is None:
            order = np.lexsort((self._column("passages"), -self._column("scores")))
        self._order = order
        self._read: dict[int, tuple[float, int]] = {}  # by place in the pools
        self.documents: Ids = self._column("documents")[order]
        self.contents: Ids = self._column("contents")[order]
        self.good: NDArray[np.bool_] = self._column("good")[order]

    def alike(self) -> dict[int, Sequence[int]]:
        """Near duplicates of documents that have any, here or not."""
        return {pk: others for pool in self._pools for pk, others in pool.alike.items()}

    def _column(self, name: str) -> NDArray[Any]:
        kind = {"scores": np.float64, "good": np.bool_}.get(name, np.int64)
        columns = [getattr(pool, name) for pool in self._pools]
        return np.concatenate([np.zeros(0, kind), *columns])

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> Scored: ...
    @overload
    def __getitem__(self, place: slice) -> list[Scored]: ...
    def __getitem__(self, place: int | slice) -> Scored | list[Scored]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        at = int(self._order[place])
        pool = int(np.searchsorted(self._starts, at, side="right")) - 1
        scored = self._pools[pool].scored(at - int(self._starts[pool]))
        if at not in self._read:
            return scored
        reranked, before = self._read[at]
        return scored._replace(reranked=reranked, place_before=before)

    def __iter__(self) -> Iterator[Scored]:
        return (self[place] for place in range(len(self)))

    def by_document(self) -> "Ranking":
        """Each document once, by its best passage."""
        _documents, first = np.unique(self.documents, return_index=True)
        return Ranking(self._pools, self._order[np.sort(first)])

    def then(self, deeper: "Ranking") -> "Ranking":
        """With the documents behind it that only a deeper look has found."""
        new = np.flatnonzero(~np.isin(deeper.documents, self.documents))
        order = np.concatenate([self._order, deeper._order[new] + self._starts[-1]])
        return Ranking([*self._pools, *deeper._pools], order)

    def reranked(self, scores: Sequence[float]) -> "Ranking":
        """The first ones by these scores, one for each; ties, and what comes behind, stay."""
        first = np.argsort(-np.asarray(scores), kind="stable")
        order = np.concatenate([self._order[first], self._order[len(scores) :]])
        made = Ranking(self._pools, order)
        read = enumerate(zip(self._order.tolist(), scores, strict=False), 1)
        made._read = {at: (score, place) for place, (at, score) in read}
        return made
