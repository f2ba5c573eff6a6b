"""Passages for a text, by meaning and by words, in one ranking over many collections."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from collections_app import vectors
from collections_app.encoders import ModelMissing
from collections_app.models import Collection, EmbeddingModel
from search_app.analysis import fusion
from search_app.analysis.stopwords import telling
from search_app.analysis.weights import Weights
from search_app.queries import postings
from search_app.queries.scope import Scope
from search_app.queries.vectors import Nearest, nearest

logger = logging.getLogger(__name__)

DEPTH = 200  # passages that each leg brings in
DIGITS = 9  # scores are rounded to this, so that equal passages tie
NOTHING = Nearest(np.zeros(0, np.int64), np.zeros(0), fusion.Spread(0, 0.0, 0.0))


@dataclass(frozen=True)
class Scored:
    """A passage and what its score is made of; `terms` it has in common, rarest first."""

    passage_id: int
    document_id: int
    score: float
    cosine: float | None
    keywords: float
    terms: dict[str, float]  # with their rarity


@dataclass(frozen=True)
class _Pool:
    """Collections under one model and in one language, and what was found there."""

    model: EmbeddingModel
    spread: fusion.Spread
    terms: fusion.Terms
    candidates: list[postings.Candidate]


def rank(
    collections: Iterable[Collection], text: str, weights: Weights | None = None
) -> list[Scored]:
    """The candidates of both legs, best first; ties by passage.

    A model that is not there leaves its collections to the keywords; if none is there,
    raises ModelMissing.
    """
    pools = _pools(collections, text)
    spreads = defaultdict(list)
    for pool in pools:
        spreads[pool.model.pk].append(pool.spread)
    found = [
        scored
        for pool in pools
        for scored in _scored(
            pool, fusion.pooled(spreads[pool.model.pk]), weights or fusion.DEFAULT
        )
    ]
    return sorted(found, key=lambda one: (-one.score, one.passage_id))


def _pools(collections: Iterable[Collection], text: str) -> list[_Pool]:
    groups: dict[tuple[EmbeddingModel, str], list[int]] = defaultdict(list)
    for collection in collections:
        groups[collection.embedding_model, collection.language].append(collection.pk)
    embedded = _embedded({model for model, _language in groups}, text)
    return [
        _pool(ids, model, embedded[model], telling(text, language))
        for (model, language), ids in groups.items()
    ]


def _embedded(models: set[EmbeddingModel], text: str) -> dict[EmbeddingModel, np.ndarray | None]:
    """The text's vector under each model; None under one that is not there."""
    embedded: dict[EmbeddingModel, np.ndarray | None] = {}
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
    ids: Sequence[int], model: EmbeddingModel, vector: np.ndarray | None, words: Sequence[str]
) -> _Pool:
    close = NOTHING if vector is None else nearest(Scope(tuple(ids)), model, vector, DEPTH)
    known = postings.statistics(ids, words)
    either = {*close.passages.tolist(), *postings.best(ids, known, DEPTH)}
    found = postings.candidates(ids, sorted(either), known, model, vector)
    return _Pool(model, close.spread, known, found)


def _scored(pool: _Pool, spread: fusion.Spread, weights: Weights) -> list[Scored]:
    """Each candidate's score. One without a vector counts as one of average closeness."""
    keywords = [pool.terms.bm25(one.frequencies, one.length) for one in pool.candidates]
    covered = _coverage(pool)
    scores = fusion.fuse(
        np.array([spread.mean if c.cosine is None else c.cosine for c in pool.candidates]),
        spread,
        np.array(keywords),
        pool.terms.bound,
        np.array([covered[one.document_id] for one in pool.candidates]),
        weights,
    )
    return [
        Scored(
            one.passage_id,
            one.document_id,
            round(float(score), DIGITS),
            one.cosine,
            round(float(bm25), DIGITS),
            _by_rarity(one.frequencies, pool.terms),
        )
        for one, score, bm25 in zip(pool.candidates, scores, keywords, strict=True)
    ]


def _coverage(pool: _Pool) -> dict[int, float]:
    """How much of the query each document holds, over its passages among the candidates."""
    held: dict[int, set[str]] = defaultdict(set)
    for one in pool.candidates:
        held[one.document_id].update(one.frequencies)
    return {pk: pool.terms.coverage(sorted(found)) for pk, found in held.items()}


def _by_rarity(found: Iterable[str], known: fusion.Terms) -> dict[str, float]:
    ordered = sorted(found, key=lambda term: (-known.rarity[term], term))
    return {term: known.rarity[term] for term in ordered}
