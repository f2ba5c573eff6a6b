"""Passages for a text, by meaning and by words, in one ranking over many collections."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collections_app import vectors
from collections_app.encoders import ModelMissing
from collections_app.models import Collection, EmbeddingModel
from search_app.analysis import fusion
from search_app.analysis.neighbours import second_look
from search_app.analysis.stopwords import telling
from search_app.analysis.weights import Weights
from search_app.analysis.wholes import held_by_title, wholes
from search_app.queries import candidates, samples, weights_stored
from search_app.queries.candidates import Candidates
from search_app.queries.scope import Scope
from search_app.queries.vectors import Nearest, matrix, nearest

logger = logging.getLogger(__name__)

DEPTH = 200  # passages that each leg brings in
SECOND = 100  # documents that get a second look
DIGITS = 9  # scores are rounded to this, so that equal passages tie
WORDS_FOR_MEANING = 0.2  # of cosine: what holding all of the query adds to it for `good`
NOTHING = Nearest(np.zeros(0, np.int64), np.zeros(0), fusion.Spread(0, 0.0, 0.0))

Vector = NDArray[np.float32]


class Scored(NamedTuple):  # hundreds are made in each search, which this does the fastest
    """A passage and what its score is made of: `score` is the sum of the last six.

    `terms` are those it has in common with the query, rarest first. The ranks are those in
    each leg, from 1; None where the leg has nothing to say. `good`: near enough to the query
    that it is no chance; where no hit is good, there is no good match.
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
    by_meaning: float = 0.0
    by_keywords: float = 0.0
    by_full_match: float = 0.0
    by_title: float = 0.0
    by_neighbours: float = 0.0
    by_feedback: float = 0.0


@dataclass(frozen=True)
class _Pool:
    """Collections under one model, in one language and with the same weights, and what was
    found there."""

    model: EmbeddingModel
    language: str
    weights: Weights
    vector: Vector | None
    spread: fusion.Spread
    cutoff: float
    found: Candidates


def rank(
    collections: Iterable[Collection],
    text: str,
    weights: Weights | None = None,
    *,
    balance: float | None = None,
    left: Scope | None = None,
    depth: int = DEPTH,
) -> list[Scored]:
    """The candidates of both legs, best first; ties by passage.

    `weights` take the place of those in force, `balance` shifts either; `left` is what a filter
    leaves; each leg brings in `depth` passages. A model that is not there leaves its collections
    to the keywords; if none is there, raises ModelMissing.
    """
    searched = list(collections)
    used = weights_stored.used(searched, weights, balance)
    pools = _pools(searched, text, used, left or Scope(()), depth)
    spreads = defaultdict(list)
    for pool in pools:
        spreads[pool.model.pk].append(pool.spread)
    found = [
        scored for pool in pools for scored in _scored(pool, fusion.pooled(spreads[pool.model.pk]))
    ]
    return sorted(found, key=lambda one: (-one.score, one.passage_id))


def _pools(
    collections: Sequence[Collection],
    text: str,
    used: Mapping[int, Weights],
    left: Scope,
    depth: int,
) -> list[_Pool]:
    groups: dict[tuple[EmbeddingModel, str, Weights], list[int]] = defaultdict(list)
    for one in collections:
        groups[one.embedding_model, one.language, used[one.pk]].append(one.pk)
    embedded = _embedded({model for model, _language, _weights in groups}, text)
    return [
        _pool(
            Scope(tuple(ids), left.passages, left.condition),
            model,
            embedded[model],
            text,
            language,
            weights,
            depth,
        )
        for (model, language, weights), ids in groups.items()
    ]


def _embedded(models: set[EmbeddingModel], text: str) -> dict[EmbeddingModel, Vector | None]:
    """The text's vector under each model; None under one that is not there."""
    embedded: dict[EmbeddingModel, Vector | None] = {}
    missing = None
    for model in models:
        try:
            embedded[model] = vectors.embed_query(model, text)
        except ModelMissing as error:
            logger.warning("Searching by keywords alone under %s: %s", model, error)
            embedded[model], missing = None, error
    if missing and not any(vector is not None for vector in embedded.values()):
        raise missing
    return embedded


def _pool(
    scope: Scope,
    model: EmbeddingModel,
    vector: Vector | None,
    text: str,
    language: str,
    weights: Weights,
    depth: int,
) -> _Pool:
    close = NOTHING if vector is None else nearest(scope, model, vector, depth)
    words = telling(text, language)
    found = candidates.found(
        scope, model, vector, words, wholes(text, language), close.passages, depth
    )
    cutoff = samples.cutoff(scope.collections, model)
    return _Pool(model, language, weights, vector, close.spread, cutoff, found)


def _scored(pool: _Pool, spread: fusion.Spread) -> list[Scored]:
    """Each candidate's score. One without a vector counts as one of average closeness."""
    found, terms = pool.found, pool.found.terms
    if not len(found.passages):
        return []
    z = fusion.z_scores(np.where(np.isnan(found.cosines), spread.mean, found.cosines), spread)
    held = found.frequencies > 0
    bm25, coverage = terms.scores(found.frequencies, found.lengths), terms.shares(held)
    documents, document = np.unique(found.documents, return_inverse=True)
    titles = _titles(pool, documents)[document]
    parts = fusion.fuse(z, bm25, coverage, titles, terms, pool.weights)
    neighbours, feedback = _second(pool, parts.score, z, coverage, document)
    score = np.round(parts.score + neighbours[document] + feedback[document], DIGITS)
    words = WORDS_FOR_MEANING * coverage**2 * fusion.telling_share(coverage, terms)
    evidence = np.nan_to_num(found.cosines, nan=0.0) + words
    columns = {
        "score": score,
        "keywords": np.round(bm25, DIGITS),
        "coverage": np.round(coverage, DIGITS),
        "good": evidence >= pool.cutoff,
        "by_meaning": parts.meaning,
        "by_keywords": parts.keywords,
        "by_full_match": parts.full_match,
        "by_title": parts.title,
        "by_neighbours": neighbours[document],
        "by_feedback": feedback[document],
    }
    values = {name: column.tolist() for name, column in columns.items()}
    ranks = _ranks(found.cosines), _ranks(np.where(bm25 > 0, bm25, np.nan))
    rarest = _rarest_first(terms)
    return [
        Scored(
            passage_id=passage,
            document_id=owner,
            cosine=None if np.isnan(cosine) else cosine,
            terms={term: rarity for place, term, rarity in rarest if has[place]},
            vector_rank=ranks[0][place_in],
            keyword_rank=ranks[1][place_in],
            **{name: column[place_in] for name, column in values.items()},
        )
        for place_in, (passage, owner, cosine, has) in enumerate(
            zip(
                found.passages.tolist(),
                found.documents.tolist(),
                found.cosines.tolist(),
                held.tolist(),
                strict=True,
            )
        )
    ]


def _titles(pool: _Pool, documents: NDArray[np.int64]) -> fusion.Floats:
    """How much of the query each document's title holds."""
    names = list(pool.found.terms.rarity)
    if not names:
        return np.zeros(len(documents))
    titles = pool.found.titles
    held = [held_by_title(titles[pk], pool.language) for pk in documents.tolist()]
    return pool.found.terms.shares(np.array([[name in one for name in names] for one in held]))


def _second(
    pool: _Pool,
    scores: fusion.Floats,
    z: fusion.Floats,
    coverage: fusion.Floats,
    document: NDArray[np.int64],
) -> tuple[fusion.Floats, fusion.Floats]:
    """What neighbours and feedback add to each document, by its best passage."""
    count = int(document.max()) + 1
    neighbours, feedback = np.zeros(count), np.zeros(count)
    asked = pool.weights.neighbours or pool.weights.feedback
    if pool.vector is None or not asked or coverage.max() ** 8 > 1 - 1e-3:
        return neighbours, feedback
    order = np.lexsort((pool.found.passages, -scores))  # the best passage of each comes first
    _documents, first = np.unique(document[order], return_index=True)
    best = order[np.sort(first)[:SECOND]]
    rows = matrix(pool.found.passages[best], pool.model)
    more = second_look(
        scores[best], z[best], rows, pool.vector, float(coverage.max()), pool.weights
    )
    neighbours[document[best]], feedback[document[best]] = more.neighbours, more.feedback
    return neighbours, feedback


def _ranks(values: fusion.Floats) -> list[int | None]:
    """From 1, the highest first; equal values share a rank; None where there is no value."""
    known = np.sort(values[~np.isnan(values)])
    above = len(known) - np.searchsorted(known, values, side="right")
    return [
        None if missing else place + 1
        for place, missing in zip(above.tolist(), np.isnan(values).tolist(), strict=True)
    ]


def _rarest_first(terms: fusion.Terms) -> list[tuple[int, str, float]]:
    """(column, term, rarity) of each term."""
    columns = [(place, term, value) for place, (term, value) in enumerate(terms.rarity.items())]
    return sorted(columns, key=lambda one: (-one[2], one[1]))
