"""The passages that either leg brings in, with all that their scores are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from collections_app.models import EmbeddingModel
from search_app.analysis.fusion import Floats, Terms
from search_app.queries import postings
from search_app.queries.scope import Scope
from search_app.queries.vectors import text

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """n passages in ascending order, and the terms that are searched for.

    `cosines` are NaN where there is no vector, or none of the query. `frequencies` are of the
    passages and the terms, in the order of `terms.rarity`. `titles` are by document.
    """

    terms: Terms
    passages: Ids
    documents: Ids
    lengths: Floats
    cosines: Floats
    frequencies: Floats  # (n, terms)
    titles: dict[int, str]


PASSAGES = """
SELECT passage.id, passage.document_id, passage.term_count,
       coalesce(1 - (vector.embedding <=> %(vector)s::vector), 'NaN'), document.title
FROM collections_app_passage passage
JOIN collections_app_document document ON document.id = passage.document_id
LEFT JOIN collections_app_vector vector
  ON vector.passage_id = passage.id AND vector.model_id = %(model)s
 AND vector_dims(vector.embedding) = %(dimension)s
WHERE passage.id = ANY(%(passages)s) AND passage.collection_id = ANY(%(collections)s)
ORDER BY passage.id
"""
FREQUENCIES = """
SELECT passage_id, term, frequency FROM collections_app_posting
WHERE collection_id = ANY(%(collections)s) AND term = ANY(%(terms)s)
  AND passage_id = ANY(%(passages)s)
"""


def found(
    scope: Scope,
    model: EmbeddingModel,
    vector: NDArray[np.float32] | None,
    words: Sequence[str],
    wholes: Iterable[str],
    close: Ids,
    depth: int,
) -> Candidates:
    """`close` passages, and the best `depth` by these words; what was deleted drops out."""
    terms = postings.statistics(scope.collections, words).without_unknown(wholes)
    by_words = np.array(postings.best(scope, terms, depth), np.int64)
    values = {
        "vector": None if vector is None else text(vector),
        "model": model.pk,
        "dimension": model.dimension,
        "passages": np.union1d(close, by_words).tolist(),
        "collections": list(scope.collections),
        "terms": list(terms.rarity),
    }
    with connection.cursor() as cursor:
        cursor.execute(PASSAGES, values)
        rows = cursor.fetchall()
        cursor.execute(FREQUENCIES, values)
        shared = cursor.fetchall()
    passages = np.array([row[0] for row in rows], np.int64)
    return Candidates(
        terms,
        passages,
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.float64),
        _frequencies(passages, terms, shared),
        {row[1]: row[4] for row in rows},
    )


def _frequencies(passages: Ids, terms: Terms, shared: Sequence[tuple[int, str, int]]) -> Floats:
    """(passages, terms): how often each term stands in each passage."""
    counts = np.zeros((len(passages), len(terms.rarity)))
    column = {term: place for place, term in enumerate(terms.rarity)}
    row = {passage: place for place, passage in enumerate(passages.tolist())}
    for passage, term, frequency in shared:
        if passage in row:
            counts[row[passage], column[term]] = frequency
    return counts
