"""Passages for a text, by meaning and by words, in one ranking over many collections."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from collections_app import vectors
from collections_app.encoders import ModelMissing
from collections_app.models import Collection, EmbeddingModel
from search_app import calibration
from search_app.analysis import fusion
from search_app.analysis.neighbours import second_look
from search_app.analysis.ranked import Pool, Ranking, Scored
from search_app.analysis.stopwords import telling
from search_app.analysis.weights import Weights
from search_app.analysis.wholes import held_by_title, wholes
from search_app.queries import candidates, kinds, weights_stored
from search_app.queries.candidates import Candidates
from search_app.queries.scope import Scope
from search_app.queries.vectors import Nearest, matrix, nearest

logger = logging.getLogger(__name__)

DEPTH = 100  # passages that each leg brings in
SECOND = 100  # documents that get a second look
DIGITS = 9  # scores are rounded to this, so that equal passages tie
WORDS_FOR_MEANING = 0.2  # of cosine: what holding all of the query adds to it for `good`
NOTHING = Nearest(np.zeros(0, np.int64), np.zeros(0), fusion.Spread(0, 0.0, 0.0))

Vector = NDArray[np.float32]

__all__ = ["DEPTH", "Ranking", "Scored", "rank"]


@dataclass(frozen=True)
class _Found:
    """Collections under one model, in one language and with the same weights, and what was
    found there, of one kind where the model takes texts and pictures."""

    model: EmbeddingModel
    kind: str
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
) -> Ranking:
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
        spreads[pool.model.pk, pool.kind].append(pool.spread)
    return Ranking(
        [_scored(pool, fusion.pooled(spreads[pool.model.pk, pool.kind])) for pool in pools]
    )


def _pools(
    collections: Sequence[Collection],
    text: str,
    used: Mapping[int, Weights],
    left: Scope,
    depth: int,
) -> list[_Found]:
    groups: dict[tuple[EmbeddingModel, str, Weights], list[int]] = defaultdict(list)
    for one in collections:
        groups[one.embedding_model, one.language, used[one.pk]].append(one.pk)
    embedded = _embedded({model for model, _language, _weights in groups}, text)
    return [
        _pool(
            scope,
            model,
            embedded[model],
            text,
            language,
            weights,
            depth,
        )
        for (model, language, weights), ids in groups.items()
        for scope in kinds.scopes(
            replace(
                left, collections=tuple(ids), cosines=left.cosines if len(groups) == 1 else None
            ),
            model,
        )
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
            embedded[model] = None
            missing = missing if model.fixed else error  # one of fixed vectors has only its words
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
) -> _Found:
    close = NOTHING if vector is None else nearest(scope, model, vector, depth)
    words = telling(text, language)
    found = candidates.found(scope, model, vector, words, wholes(text, language), close, depth)
    cutoff = calibration.line(scope.collections, model, found=scope.kind)
    return _Found(model, scope.kind, language, weights, vector, close.spread, cutoff, found)


def _scored(pool: _Found, spread: fusion.Spread) -> Pool:
    """Each candidate's score. One without a vector counts as one of average closeness."""
    found, terms = pool.found, pool.found.terms
    z = fusion.z_scores(np.where(np.isnan(found.cosines), spread.mean, found.cosines), spread)
    held = found.frequencies > 0
    bm25, coverage = terms.scores(found.frequencies, found.lengths), terms.shares(held)
    _documents, first, document = np.unique(found.documents, return_index=True, return_inverse=True)
    parts = fusion.fuse(z, bm25, coverage, _titles(pool, held), terms, pool.weights)
    neighbours, feedback = _second(pool, parts.score, z, coverage, document, len(first))
    score = np.round(parts.score + neighbours[document] + feedback[document], DIGITS)
    words = WORDS_FOR_MEANING * coverage**2 * fusion.telling_share(coverage, terms)
    evidence = np.nan_to_num(found.cosines, nan=0.0) + words
    return Pool(
        passages=found.passages,
        documents=found.documents,
        contents=found.contents,
        alike=found.alike,
        scores=score,
        good=evidence >= pool.cutoff,
        evidence=np.round(evidence, DIGITS),
        cosines=found.cosines,
        keywords=np.round(bm25, DIGITS),
        coverage=np.round(coverage, DIGITS),
        parts={
            "by_meaning": parts.meaning,
            "by_keywords": parts.keywords,
            "by_full_match": parts.full_match,
            "by_title": parts.title,
            "by_neighbours": neighbours[document],
            "by_feedback": feedback[document],
        },
        held=held,
        rarity=terms.rarity,
    )


def _titles(pool: _Found, held: NDArray[np.bool_]) -> fusion.Floats:
    """How much of the query the title of each candidate's document holds.

    The terms of a title stand in the lists of every passage (`terms.passage_terms`), so only
    titles of passages that hold something are looked at.
    """
    names, by_title = list(pool.found.terms.rarity), np.zeros(held.shape, bool)
    places = np.flatnonzero(held.any(axis=1))
    if len(places):
        titles = [held_by_title(pool.found.titles[n], pool.language) for n in places.tolist()]
        by_title[places] = [[name in title for name in names] for title in titles]
    return pool.found.terms.shares(by_title)


def _second(
    pool: _Found,
    scores: fusion.Floats,
    z: fusion.Floats,
    coverage: fusion.Floats,
    document: NDArray[np.integer],
    count: int,
) -> tuple[fusion.Floats, fusion.Floats]:
    """What neighbours and feedback add to each of `count` documents, by its best passage."""
    neighbours, feedback = np.zeros(count), np.zeros(count)
    asked = pool.weights.neighbours or pool.weights.feedback
    if not count or pool.vector is None or not asked or coverage.max() ** 8 > 1 - 1e-3:
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
