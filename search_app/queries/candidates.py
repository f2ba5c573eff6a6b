"""The passages that either leg brings in, with all that their scores are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from collections_app.models import EmbeddingModel
from search_app.analysis.bm25 import Lists
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
    lists = postings.lists(scope, model.pk, words)
    terms = postings.as_terms(lists).without_unknown(wholes)
    by_words = postings.best(scope, lists, depth)
    values = {
        "vector": None if vector is None else text(vector),
        "model": model.pk,
        "dimension": model.dimension,
        "passages": np.union1d(close, by_words).tolist(),
        "collections": list(scope.collections),
    }
    with connection.cursor() as cursor:
        cursor.execute(PASSAGES, values)
        rows = cursor.fetchall()
    passages = np.array([row[0] for row in rows], np.int64)
    return Candidates(
        terms,
        passages,
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.float64),
        _frequencies(passages, terms, lists),
        {row[1]: row[4] for row in rows},
    )


def _frequencies(passages: Ids, terms: Terms, lists: Lists) -> Floats:
    """(passages, terms): how often each term stands in each passage."""
    counts = np.zeros((len(passages), len(terms.rarity)))
    held = lists.only(passages)
    columns = [lists.terms.index(term) for term in terms.rarity]
    counts[np.searchsorted(passages, held.passages)] = held.frequencies[:, columns]
    return counts
