"""Passages by cosine: an exact scan, or the partial HNSW index of a large collection."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from collections_app.models import EmbeddingModel
from search_app.analysis.fusion import Spread, pooled
from search_app.queries import indexes, samples
from search_app.queries.cursors import array, binary_cursor
from search_app.queries.scope import Scope

EF_SEARCH = 120
SCAN_TUPLES = 40_000  # of an index, under a filter; then the filter's own rows are scanned

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
NOTHING = (np.zeros(0, np.int64), np.zeros(0, np.float64))


@dataclass(frozen=True)
class Nearest:
    """Passage ids (n,) with their cosines (n,), best first, and how all cosines lie."""

    passages: Ids
    cosines: Floats
    spread: Spread


def text(vector: np.ndarray) -> str:
    """A vector as PostgreSQL reads it."""
    return _text(np.asarray(vector, np.float32).tobytes())


@lru_cache(maxsize=64)  # a search writes its own several times
def _text(vector: bytes) -> str:
    numbers = np.frombuffer(vector, np.float32).tolist()
    return "[" + ",".join(["%.9g"] * len(numbers)) % tuple(numbers) + "]"  # digits that tell all


def nearest(scope: Scope, model: EmbeddingModel, vector: np.ndarray, limit: int) -> Nearest:
    """The passages of the scope nearest to `vector`, up to `limit` of them; fewer only where
    there are no more. The spread is that of the collections, whatever the filter."""
    if scope.passages is not None and scope.cosines is not None:
        known = np.flatnonzero(np.isfinite(scope.cosines))
        found = scope.passages[known], scope.cosines[known]
        return _best([found], _spread(scope, model, vector), limit)
    if scope.passages is not None:
        return _best([_filtered(scope, model, vector, limit)], _spread(scope, model, vector), limit)
    indexed = indexes.ready(scope.collections, model.pk)
    rest = tuple(pk for pk in scope.collections if pk not in indexed)
    if not indexed and scope.condition is None:
        scanned, spread = _scan(rest, model, vector, limit)
        return _best([scanned], spread, limit)
    by_index = [_by_index(pk, scope, model, vector, limit) for pk in indexed]
    if rest:
        by_index.append(_filtered(Scope(rest, None, scope.condition), model, vector, limit))
    return _best(by_index, _spread(scope, model, vector), limit)


def _spread(scope: Scope, model: EmbeddingModel, vector: np.ndarray) -> Spread:
    return pooled(samples.spreads(scope.collections, model, vector, scope.kind))


def _best(found: Sequence[tuple[Ids, Floats]], spread: Spread, limit: int) -> Nearest:
    passages = np.concatenate([ids for ids, _cosines in found])
    cosines = np.concatenate([cosines for _ids, cosines in found])
    first = np.lexsort((passages, -cosines))[:limit]
    return Nearest(passages[first], cosines[first], spread)


def matrix(passages: Ids, model: EmbeddingModel) -> NDArray[np.float32]:
    """The vectors of n passages under the model, (n, dimension), NaN where there is none."""
    vectors = np.full((len(passages), model.dimension), np.nan, np.float32)
    with binary_cursor() as cursor:
        cursor.execute(MATRIX, [array(passages), model.pk, model.dimension])
        ids, packed = cursor.fetchone()
    found = np.frombuffer(ids or b"", ">i8").astype(np.int64)
    order = np.argsort(passages)
    places = order[np.searchsorted(passages, found, sorter=order)]
    # Each vector as pgvector sends it: its dimension, two bytes unused, its numbers.
    rows = np.frombuffer(packed or b"", np.dtype((">f4", 1 + model.dimension)))
    vectors[places] = rows[:, 1:]
    return vectors


MATRIX = """
SELECT string_agg(int8send(passage_id), ''::bytea), string_agg(vector_send(embedding), ''::bytea)
FROM collections_app_vector
WHERE passage_id = ANY(%s::bigint[]) AND model_id = %s AND vector_dims(embedding) = %s
"""


# Materialised one by one: of a table that was never analysed the planner expects one row, and
# would compute the spread anew for each passage.
SCAN = """
WITH scored AS MATERIALIZED (
    SELECT passage_id, 1 - (embedding <=> %(vector)s::vector) AS cosine
    FROM collections_app_vector
    WHERE collection_id = ANY(%(collections)s) AND model_id = %(model)s
      AND vector_dims(embedding) = %(dimension)s
), sound AS (
    SELECT * FROM scored WHERE cosine <> 'NaN'
), every AS MATERIALIZED (
    SELECT count(*), avg(cosine) AS mean, var_pop(cosine) AS variance FROM sound
)
SELECT best.passage_id, best.cosine, every.count, every.mean, every.variance
FROM (SELECT * FROM sound ORDER BY cosine DESC, passage_id LIMIT %(limit)s) best, every
ORDER BY best.cosine DESC, best.passage_id
"""


def _scan(
    collections: Sequence[int], model: EmbeddingModel, vector: np.ndarray, limit: int
) -> tuple[tuple[Ids, Floats], Spread]:
    found = values(Scope(tuple(collections)), model, vector, limit)
    with connection.cursor() as cursor:
        cursor.execute(SCAN, found)
        rows = cursor.fetchall()
    return _columns(rows), Spread(*rows[0][2:]) if rows else Spread(0, 0.0, 0.0)


# Not a number goes after all numbers, so that leaving it out costs no second look at each.
FILTERED = """
SELECT passage_id, 1 - distance FROM (
    SELECT v.passage_id, v.embedding <=> %(vector)s::vector AS distance
    FROM collections_app_vector v {filter}
      AND v.collection_id = ANY(%(collections)s) AND v.model_id = %(model)s
      AND vector_dims(v.embedding) = %(dimension)s
    ORDER BY distance, passage_id LIMIT %(limit)s
) nearest WHERE distance <> 'NaN'
"""
OF_DOCUMENTS = """
    JOIN collections_app_document document ON document.id = v.document_id
    WHERE {condition}
"""


def _filtered(
    scope: Scope, model: EmbeddingModel, vector: np.ndarray, limit: int
) -> tuple[Ids, Floats]:
    """Every passage that passes the filter is looked at."""
    with connection.cursor() as cursor:
        cursor.execute(FILTERED.format(filter=passing(scope)), values(scope, model, vector, limit))
        return _columns(cursor.fetchall())


def passing(scope: Scope) -> str:
    """What is left of `collections_app_vector v` under the filter."""
    if scope.passages is not None:
        return "WHERE v.passage_id = ANY(%(passages)s)"
    if scope.condition is not None:
        return OF_DOCUMENTS.format(condition=scope.condition.sql)
    return "WHERE true"


# Iterative: rows deleted but not yet vacuumed must not leave the page short.
SETTINGS = f"""
SELECT set_config('hnsw.iterative_scan', 'strict_order', true),
       set_config('hnsw.ef_search', '{EF_SEARCH}', true),
       set_config('hnsw.max_scan_tuples', '{SCAN_TUPLES}', true);
"""
# The predicate and the expression are those of the partial index, to the letter.
BY_INDEX = """
SELECT string_agg(int8send(passage_id), ''::bytea),
    string_agg(float8send(1 - (embedding <=> %(vector)s::vector)), ''::bytea)
FROM (
    SELECT v.passage_id, v.embedding FROM collections_app_vector v {filter}
      AND v.collection_id = {collection} AND v.model_id = {model}
    ORDER BY (v.embedding::halfvec({dimension})) <=> %(vector)s::halfvec({dimension})
    LIMIT %(limit)s
) found
"""


def by_index_sql(scope: Scope, collection_id: int, model: EmbeddingModel) -> str:
    """The statement that reads a collection's own index."""
    condition = scope.condition
    return BY_INDEX.format(
        filter=OF_DOCUMENTS.format(condition=condition.sql) if condition else "WHERE true",
        collection=int(collection_id),
        model=int(model.pk),
        dimension=int(model.dimension),
    )


def _by_index(
    collection_id: int, scope: Scope, model: EmbeddingModel, vector: np.ndarray, limit: int
) -> tuple[Ids, Floats]:
    """By the index; where a filter leaves too little of what it finds, every row is looked at."""
    own = Scope((collection_id,), None, scope.condition)
    with connection.cursor() as cursor:
        # Sent together, the two are one transaction, for which the settings hold.
        statement = SETTINGS + by_index_sql(own, collection_id, model)
        cursor.execute(statement, values(own, model, vector, limit))
        cursor.nextset()
        ids, cosines = cursor.fetchone()
    found = np.frombuffer(ids or b"", ">i8").astype(np.int64)
    if len(found) < limit and own.condition is not None:
        return _filtered(own, model, vector, limit)
    return found, np.frombuffer(cosines or b"", ">f8").astype(np.float64)


def values(scope: Scope, model: EmbeddingModel, vector: np.ndarray, limit: int) -> dict[str, Any]:
    """The parameters of a statement over these vectors."""
    return {
        **(scope.condition.params if scope.condition else {}),
        "vector": text(vector),
        "collections": list(scope.collections),
        "passages": None if scope.passages is None else array(scope.passages),
        "model": model.pk,
        "dimension": model.dimension,
        "limit": limit,
    }


def _columns(rows: Sequence[tuple[Any, ...]]) -> tuple[Ids, Floats]:
    if not rows:
        return NOTHING
    ids, cosines, *_rest = zip(*rows, strict=True)
    return np.array(ids, np.int64), np.array(cosines, np.float64)


NEAREST_DOCUMENTS = """
SELECT document_id, passage_id, cosine FROM (
    SELECT DISTINCT ON (v.document_id) v.document_id, v.passage_id,
           1 - (v.embedding <=> %(vector)s::vector) AS cosine
    FROM collections_app_vector v
    JOIN collections_app_document d ON d.id = v.document_id
    WHERE v.collection_id = %(collection)s AND v.model_id = %(model)s
      AND vector_dims(v.embedding) = %(dimension)s
      AND starts_with(d.external_id, %(prefix)s) AND d.id <> %(excluded)s
      AND (%(metadata)s::jsonb IS NULL OR d.metadata @> %(metadata)s::jsonb)
    ORDER BY v.document_id, cosine DESC, v.passage_id
) best WHERE cosine <> 'NaN' ORDER BY cosine DESC, document_id LIMIT %(limit)s
"""


def nearest_documents(
    collection_id: int,
    model: EmbeddingModel,
    vector: np.ndarray,
    limit: int,
    *,
    prefix: str = "",
    excluded: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> list[tuple[int, int, float]]:
    """(document, its best passage, cosine) by exact scan: a filter never leaves it short.

    `metadata` is what that of the documents is to hold.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            NEAREST_DOCUMENTS,
            {
                "vector": text(vector),
                "collection": collection_id,
                "model": model.pk,
                "dimension": model.dimension,
                "prefix": prefix,
                "excluded": excluded,
                "metadata": json.dumps(metadata) if metadata else None,
                "limit": limit,
            },
        )
        rows: list[tuple[int, int, float]] = cursor.fetchall()
    return rows
