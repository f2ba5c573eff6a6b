"""Whether what search reads is whole, and how well the index finds: counted and mended."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db import connection
from django.utils.translation import gettext_noop

from collections_app.models import Collection, EmbeddingModel
from search_app.queries import indexes, locks, vectors
from search_app.queries.scope import Scope

RECALL_AT = 10
SAME = 1e-6  # cosines nearer than this are of equal passages
_HOLLOW = """
FROM collections_app_document d WHERE d.collection_id = %(collection)s AND d.state = 'ready'
  AND NOT EXISTS (
    SELECT FROM collections_app_passage p WHERE p.document_id = d.id AND p.model_id = %(model)s
  )
"""
_BARE = """
FROM collections_app_passage p WHERE p.collection_id = %(collection)s AND p.model_id = %(model)s
  AND NOT EXISTS (
    SELECT FROM collections_app_vector v WHERE v.passage_id = p.id AND v.model_id = p.model_id
  )
"""
_WRONG = """
FROM collections_app_vector v WHERE v.collection_id = %(collection)s AND (
    v.model_id = %(model)s AND vector_dims(v.embedding) <> %(dimension)s
    OR EXISTS (SELECT FROM collections_app_passage p WHERE p.id = v.passage_id
               AND (p.model_id <> v.model_id OR p.collection_id <> v.collection_id
                    OR p.document_id <> v.document_id))
)
"""
_STALE = """
FROM search_app_documentvector x JOIN collections_app_document d ON d.id = x.document_id
WHERE x.collection_id = %(collection)s AND d.state = 'ready' AND x.revision <> d.revision
"""
_LEFT_BEHIND = """
FROM collections_app_passage p WHERE p.collection_id = %(collection)s
  AND p.model_id <> %(model)s AND NOT EXISTS (
    SELECT FROM collections_app_modelchange change
    WHERE change.collection_id = p.collection_id AND change.state NOT IN ('cancelled', 'done')
      AND p.model_id IN (change.old_id, change.new_id)
  )
"""
KINDS = {
    gettext_noop("documents without passages"): _HOLLOW,
    gettext_noop("passages without vectors"): _BARE,
    gettext_noop("vectors that fit no passage or model"): _WRONG,
    gettext_noop("document vectors of an older revision"): _STALE,
    gettext_noop("passages of a model that is not in use"): _LEFT_BEHIND,
}


def problems(collection: Collection) -> dict[str, int]:
    """How many rows of each kind are not as they should be; kinds without any are left out."""
    values = _values(collection)
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for kind, rows in KINDS.items():
            cursor.execute("SELECT count(*) " + rows, values)
            found[kind] = cursor.fetchone()[0]
    return {kind: count for kind, count in found.items() if count}


def drop_wrong(collection: Collection) -> int:
    """Delete vectors that are not what they should be, so that none is used again; how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE " + _WRONG, _values(collection))
        return int(cursor.rowcount)


def broken_documents(collection: Collection) -> list[int]:
    """Those that have to be embedded again to be whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.id " + _HOLLOW + " UNION SELECT p.document_id " + _BARE + " ORDER BY 1",
            _values(collection),
        )
        return [row[0] for row in cursor.fetchall()]


def left_behind(collection: Collection, limit: int) -> list[int]:
    """Passages of models that nobody uses in the collection, `limit` of them."""
    with connection.cursor() as cursor:
        values = _values(collection) | {"limit": limit}
        cursor.execute("SELECT p.id " + _LEFT_BEHIND + " ORDER BY p.id LIMIT %(limit)s", values)
        return [row[0] for row in cursor.fetchall()]


def _values(collection: Collection) -> dict[str, Any]:
    model = collection.embedding_model
    return {"collection": collection.pk, "model": model.pk, "dimension": model.dimension}


def rebuild(collection: Collection) -> list[str] | None:
    """Rebuild the collection's vector indexes beside the old ones; their names.

    None while another worker is at indexes. What a broken rebuild left is removed first. May
    not run inside a transaction; searches and writers go on.
    """
    with locks.only_one("vector indexes") as mine:
        if not mine:
            return None
        built = []
        for name, valid in _indexes(collection.pk):
            if valid:
                quoted = connection.ops.quote_name(name)
                with connection.cursor() as cursor:
                    cursor.execute(f"ALTER INDEX {quoted} SET ({indexes.GRAPH})")
                    cursor.execute(f"REINDEX INDEX CONCURRENTLY {quoted}")
                built.append(name)
            else:
                indexes.drop(name)
        if built:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM collections_app_vector")
        return built


def _indexes(collection_id: int) -> list[tuple[str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
            " WHERE i.indrelid = 'collections_app_vector'::regclass"
            " AND c.relname ~ ('^vector_hnsw_' || %s || '_') ORDER BY i.indisvalid, 1",
            [str(int(collection_id))],
        )
        rows: list[tuple[str, bool]] = cursor.fetchall()
    return rows


_SAMPLE = """
SELECT passage_id FROM collections_app_vector
WHERE collection_id = %s AND model_id = %s AND vector_dims(embedding) = %s
ORDER BY hashint8(passage_id), passage_id LIMIT %s
"""
_EXACT = """
SELECT 1 - (embedding <=> %(vector)s::vector) AS cosine FROM collections_app_vector
WHERE collection_id = %(collection)s AND model_id = %(model)s
  AND vector_dims(embedding) = %(dimension)s AND passage_id <> %(passage)s
ORDER BY cosine DESC LIMIT %(limit)s
"""


def recalls(collection: Collection, queries: int) -> Iterator[float]:
    """The recall@10 of what search finds, against an exact search, for passages of the
    collection itself; equal cosines count as found. Nothing where there is no index."""
    model = collection.embedding_model
    if not indexes.ready([collection.pk], model.pk):
        return
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, [collection.pk, model.pk, model.dimension, queries])
        sample = np.array([row[0] for row in cursor.fetchall()], np.int64)
    for pk, vector in zip(sample.tolist(), vectors.matrix(sample, model), strict=True):
        yield _recall(collection, model, pk, vector)


def _recall(
    collection: Collection, model: EmbeddingModel, passage: int, vector: np.ndarray
) -> float:
    values = _values(collection) | {"passage": passage, "limit": RECALL_AT}
    with connection.cursor() as cursor:
        cursor.execute(_EXACT, values | {"vector": vectors.text(vector)})
        exact = [row[0] for row in cursor.fetchall()]
    if not exact:
        return 1.0
    near = vectors.nearest(Scope((collection.pk,)), model, vector, RECALL_AT + 1)
    others = near.cosines[near.passages != passage][:RECALL_AT]
    return float(np.count_nonzero(others >= exact[-1] - SAME)) / len(exact)
