"""The passages that either leg brings in, with all that their scores are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collections_app.models import EmbeddingModel
from search_app.analysis.bm25 import Lists
from search_app.analysis.fusion import Floats, Terms
from search_app.queries import postings
from search_app.queries.alike import NEAR_DUPLICATE
from search_app.queries.cursors import array, binary_cursor
from search_app.queries.scope import Scope
from search_app.queries.vectors import Nearest, text

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """n passages in ascending order, and the terms that are searched for.

    `cosines` are NaN where there is no vector, or none of the query. `frequencies` are of the
    passages and the terms, in the order of `terms.rarity`; `lengths` are those of passages that
    have any. `titles` and `contents`, equal for equal content, are those of their documents;
    `alike` are near duplicates of those that have any, here or not.
    """

    terms: Terms
    passages: Ids
    documents: Ids
    lengths: Floats
    cosines: Floats
    frequencies: Floats  # (n, terms)
    titles: list[str]
    contents: Ids
    alike: dict[int, list[int]]


# Looked up one by one, by key: a planner that expects more rows than come would read whole tables.
# How alike near duplicates are is no parameter, so that the partial index is used.
PASSAGES = """
SELECT passage.id, passage.document_id, document.title, document.content, {cosine}, (
    SELECT array_agg(other_id) FROM search_app_relateddocument
    WHERE document_id = passage.document_id AND score >= {alike}
)
FROM collections_app_passage passage, LATERAL (
    SELECT title, hashtextextended(content_hash, 0) AS content
    FROM collections_app_document WHERE id = passage.document_id OFFSET 0
) document
WHERE passage.id = ANY(%(passages)s::bigint[]) AND passage.collection_id = ANY(%(collections)s)
ORDER BY passage.id
"""
COSINE = """
CASE WHEN passage.id <> ALL(%(known)s::bigint[]) THEN (
    SELECT 1 - (embedding <=> %(vector)s::vector) FROM collections_app_vector
    WHERE passage_id = passage.id AND model_id = %(model)s
      AND vector_dims(embedding) = %(dimension)s
) END
"""


def found(
    scope: Scope,
    model: EmbeddingModel,
    vector: NDArray[np.float32] | None,
    words: Sequence[str],
    wholes: Iterable[str],
    close: Nearest,
    depth: int,
) -> Candidates:
    """`close` passages, and the best `depth` by these words; what was deleted drops out."""
    lists = postings.lists(scope, model.pk, words)
    terms = postings.as_terms(lists).without_unknown(wholes)
    by_words = postings.best(scope, lists, depth)
    near, known = _known(scope, close)
    rows = _rows(scope, model, vector, near, np.union1d(close.passages, by_words))
    passages = np.array([row[0] for row in rows], np.int64)
    cosines = np.array([row[4] for row in rows], np.float64)  # None becomes NaN
    there, place = _places(near, passages)
    cosines[place] = known[there]
    frequencies, lengths = _frequencies(passages, terms, lists)
    return Candidates(
        terms,
        passages,
        np.array([row[1] for row in rows], np.int64),
        lengths,
        cosines,
        frequencies,
        [row[2] for row in rows],
        np.array([row[3] for row in rows], np.int64),
        {row[1]: row[5] for row in rows if row[5]},
    )


def _known(scope: Scope, close: Nearest) -> tuple[Ids, Floats]:
    """Passages in ascending order whose cosines are known, with these."""
    if scope.passages is not None and scope.cosines is not None:
        return scope.passages, scope.cosines
    order = np.argsort(close.passages)
    return close.passages[order], close.cosines[order]


def _rows(
    scope: Scope, model: EmbeddingModel, vector: NDArray[np.float32] | None, known: Ids, wanted: Ids
) -> list[tuple[Any, ...]]:
    """Of those still there: passage, document, title, content, cosine where it is not known,
    near duplicates of the document or None."""
    values: dict[str, Any] = {"passages": array(wanted), "collections": list(scope.collections)}
    cosine = "NULL::float8"
    if vector is not None and scope.cosines is None:
        cosine = COSINE
        values |= {"known": array(known), "vector": text(vector)}
        values |= {"model": model.pk, "dimension": model.dimension}
    with binary_cursor() as cursor:
        cursor.execute(PASSAGES.format(cosine=cosine, alike=NEAR_DUPLICATE), values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _places(some: Ids, others: Ids) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Where those stand in either that are in both; both are ascending."""
    _both, first, second = np.intersect1d(some, others, assume_unique=True, return_indices=True)
    return first, second


def _frequencies(passages: Ids, terms: Terms, lists: Lists) -> tuple[Floats, Floats]:
    """(passages, terms): how often each term stands in each passage; and their lengths."""
    counts, lengths = np.zeros((len(passages), len(terms.rarity))), np.zeros(len(passages))
    held = lists.only(passages)
    columns = [lists.terms.index(term) for term in terms.rarity]
    places = np.searchsorted(passages, held.passages)
    counts[places] = held.frequencies[:, columns]
    lengths[places] = held.lengths
    return counts, lengths
