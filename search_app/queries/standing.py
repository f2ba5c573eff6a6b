"""Where one document stands in each leg of a search, however far back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from collections_app.models import Document, EmbeddingModel
from collections_app.pipeline.terms import term_spans
from search_app.analysis.wholes import wholes
from search_app.queries import postings, vectors
from search_app.queries.cursors import array
from search_app.queries.scope import Scope


@dataclass(frozen=True)
class Standing:
    """The best of the document's passages in each leg, and its rank among those of the scope,
    from 1. None: it has no vector, or the query has none; it has no word of the query.
    `lacked` are terms that none of its passages has."""

    cosine: float | None
    vector_rank: int | None
    keywords: float
    keyword_rank: int | None
    lacked: frozenset[str]


def standing(
    document: Document,
    scope: Scope,
    vector: np.ndarray | None,
    terms: Sequence[str],
    text: str,
) -> Standing:
    """`terms` are those of the query `text` that tell something; `scope` is of collections in
    the document's language, under its model."""
    model = document.collection.embedding_model
    own = np.sort(np.array(document.active_passages().values_list("pk", flat=True), np.int64))
    cosine, near = (None, None) if vector is None else _by_vector(own, scope, model, vector)
    found = postings.lists(scope, model.pk, terms)
    known = postings.as_terms(found).without_unknown(wholes(text, document.collection.language))
    scores = found.bm25()
    mine = np.isin(found.passages, own)
    absent = np.flatnonzero(found.frequencies[mine].sum(axis=0) == 0)
    lacked = {found.terms[place] for place in absent.tolist()} & known.rarity.keys()
    best = float(scores[mine].max(initial=0.0))
    rank = None
    if best > 0:
        better = found.at(np.flatnonzero(scores > best))
        rank = len(postings.best(scope, better, len(better.passages))) + 1
    return Standing(cosine, near, best, rank, frozenset(lacked))


def spelled(text: str, language: str, terms: Collection[str]) -> list[str]:
    """The terms as they stand in the query, in its order."""
    spans = term_spans(text, language)
    first = {term: text[start:end] for term, start, end in reversed(spans) if term in terms}
    order = [term for term, _start, _end in spans]
    return [first[term] for term in sorted(first, key=order.index)]


NEARER = """
WITH own AS (
    SELECT max(cosine) AS cosine FROM (
        SELECT 1 - (embedding <=> %(vector)s::vector) AS cosine FROM collections_app_vector
        WHERE passage_id = ANY(%(own)s) AND model_id = %(model)s
          AND vector_dims(embedding) = %(dimension)s
    ) every WHERE cosine <> 'NaN'
), scored AS MATERIALIZED (
    SELECT 1 - (v.embedding <=> %(vector)s::vector) AS cosine
    FROM collections_app_vector v {filter}
      AND v.collection_id = ANY(%(collections)s) AND v.model_id = %(model)s
      AND vector_dims(v.embedding) = %(dimension)s
)
SELECT own.cosine, (
    SELECT count(*) FROM scored WHERE scored.cosine <> 'NaN' AND scored.cosine > own.cosine
) FROM own
"""


def _by_vector(
    own: vectors.Ids, scope: Scope, model: EmbeddingModel, vector: np.ndarray
) -> tuple[float | None, int | None]:
    """The best cosine and its rank, by looking at every vector of the scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            NEARER.format(filter=vectors.passing(scope)),
            {**vectors.values(scope, model, vector, 0), "own": array(own)},
        )
        cosine, nearer = cursor.fetchone()
    return (None, None) if cosine is None else (float(cosine), int(nearer) + 1)
