"""Passages by cosine: an exact scan, or the partial HNSW index of a large collection."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.cache import cache
from django.db import connection, transaction
from pgvector import Vector as VectorText

from collections_app.models import EmbeddingModel
from search_app.analysis.fusion import Spread, pooled
from search_app.queries import indexes

SAMPLE = 1000  # passages whose cosines stand for those of a collection too large to scan
SAMPLE_SECONDS = 600
EF_SEARCH = 200


@dataclass(frozen=True)
class Nearest:
    """Passage ids with their cosines, best first, and the spread of all cosines."""

    cosines: dict[int, float]
    spread: Spread


def text(vector: np.ndarray) -> str:
    """A vector as PostgreSQL reads it."""
    return VectorText(vector).to_text()


def nearest(
    collection_ids: Sequence[int], model: EmbeddingModel, vector: np.ndarray, limit: int
) -> Nearest:
    """The passages nearest to `vector`, over all these collections."""
    indexed = indexes.ready(collection_ids, model.pk)
    scanned = [pk for pk in collection_ids if pk not in indexed]
    found, spread = _scan(scanned, model, vector, limit) if scanned else ({}, Spread(0, 0, 0))
    if indexed:
        found |= _by_index(list(indexed), model, vector, limit)
        spread = pooled([spread, *_sampled(indexed, model, vector)])
    best = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]
    return Nearest(dict(best), spread)


SCAN = """
WITH scored AS MATERIALIZED (
    SELECT passage_id, 1 - (embedding <=> %(vector)s::vector) AS cosine
    FROM collections_app_vector
    WHERE collection_id = ANY(%(collections)s) AND model_id = %(model)s
      AND vector_dims(embedding) = %(dimension)s
), sound AS (
    SELECT * FROM scored WHERE cosine <> 'NaN'
)
SELECT best.passage_id, best.cosine, every.count, every.mean, every.variance
FROM (SELECT * FROM sound ORDER BY cosine DESC, passage_id LIMIT %(limit)s) best,
     (SELECT count(*), avg(cosine) AS mean, var_pop(cosine) AS variance FROM sound) every
ORDER BY best.cosine DESC, best.passage_id
"""


def _scan(
    collection_ids: Sequence[int], model: EmbeddingModel, vector: np.ndarray, limit: int
) -> tuple[dict[int, float], Spread]:
    with connection.cursor() as cursor:
        cursor.execute(
            SCAN,
            {
                "vector": text(vector),
                "collections": list(collection_ids),
                "model": model.pk,
                "dimension": model.dimension,
                "limit": limit,
            },
        )
        rows = cursor.fetchall()
    if not rows:
        return {}, Spread(0, 0.0, 0.0)
    return {row[0]: row[1] for row in rows}, Spread(*rows[0][2:])


# The predicate and the expression are those of the partial index, to the letter.
BY_INDEX = """
SELECT passage_id, 1 - (embedding <=> %(vector)s::vector) AS cosine
FROM (
    SELECT passage_id, embedding FROM collections_app_vector
    WHERE collection_id = {collection} AND model_id = {model}
    ORDER BY (embedding::halfvec({dimension})) <=> %(vector)s::halfvec({dimension})
    LIMIT %(limit)s
) found
"""


def by_index_sql(collection_ids: Sequence[int], model: EmbeddingModel) -> str:
    """One statement with a branch for each collection's own index."""
    return " UNION ALL ".join(
        BY_INDEX.format(collection=int(pk), model=int(model.pk), dimension=int(model.dimension))
        for pk in collection_ids
    )


def _by_index(
    collection_ids: Sequence[int], model: EmbeddingModel, vector: np.ndarray, limit: int
) -> dict[int, float]:
    with transaction.atomic(), connection.cursor() as cursor:
        # Rows deleted but not yet vacuumed must not leave the page short.
        cursor.execute(
            "SELECT set_config('hnsw.iterative_scan', 'strict_order', true),"
            " set_config('hnsw.ef_search', %s, true)",
            [str(EF_SEARCH)],
        )
        cursor.execute(
            by_index_sql(collection_ids, model), {"vector": text(vector), "limit": limit}
        )
        return dict(cursor.fetchall())


def _sampled(indexed: dict[int, int], model: EmbeddingModel, vector: np.ndarray) -> list[Spread]:
    """The spread of each indexed collection, told from a fixed sample of its passages."""
    sample = [pk for collection in indexed for pk in _sample(collection, model.pk)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT collection_id, avg(cosine), var_pop(cosine) FROM ("
            "SELECT collection_id, 1 - (embedding <=> %s::vector) AS cosine"
            " FROM collections_app_vector WHERE passage_id = ANY(%s) AND model_id = %s"
            ") scored WHERE cosine <> 'NaN' GROUP BY collection_id",
            [text(vector), sample, model.pk],
        )
        rows = cursor.fetchall()
    return [Spread(indexed[pk], mean, variance) for pk, mean, variance in rows if pk in indexed]


def _sample(collection_id: int, model_id: int) -> list[int]:
    """Up to SAMPLE passage ids, spread evenly by hash; those deleted since drop out."""
    key = f"vector-sample:{collection_id}:{model_id}"
    sample: list[int] | None = cache.get(key)
    if sample is None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT passage_id FROM collections_app_vector"
                " WHERE collection_id = %s AND model_id = %s"
                " ORDER BY hashint8(passage_id), passage_id LIMIT %s",
                [collection_id, model_id, SAMPLE],
            )
            sample = [row[0] for row in cursor.fetchall()]
        cache.set(key, sample, SAMPLE_SECONDS)
    return sample


NEAREST_DOCUMENTS = """
SELECT document_id, passage_id, cosine FROM (
    SELECT DISTINCT ON (p.document_id) p.document_id, v.passage_id,
           1 - (v.embedding <=> %(vector)s::vector) AS cosine
    FROM collections_app_vector v
    JOIN collections_app_passage p ON p.id = v.passage_id
    JOIN collections_app_document d ON d.id = p.document_id
    WHERE v.collection_id = %(collection)s AND v.model_id = %(model)s
      AND vector_dims(v.embedding) = %(dimension)s
      AND starts_with(d.external_id, %(prefix)s) AND d.id <> %(excluded)s
      AND (%(metadata)s::jsonb IS NULL OR d.metadata @> %(metadata)s::jsonb)
    ORDER BY p.document_id, cosine DESC, v.passage_id
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
