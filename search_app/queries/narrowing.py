"""What a filter leaves of a search: few passages, one by one, or the condition itself."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from collections_app.models import EmbeddingModel
from search_app.queries.scope import Condition, Scope
from search_app.queries.vectors import text

FEW = 10_000  # passages that are read one by one rather than through an index and a condition
Near = tuple[EmbeddingModel, np.ndarray]  # a model, and a vector under it

# No more rows are read than tell whether they are few, and no passage where documents are many.
DOCUMENTS = """
WITH documents AS MATERIALIZED (
    SELECT document.id, document.collection_id FROM collections_app_document document
    WHERE document.collection_id = ANY(%(filter_scope)s) AND document.ready_at IS NOT NULL
      AND {condition}
    LIMIT %(filter_limit)s
), counted AS MATERIALIZED (
    SELECT count(*) AS documents FROM documents
)"""
# Those of one collection are looked up together.
PASSAGES = """, few AS (
    SELECT collection_id, array_agg(id) AS ids FROM documents
    WHERE (SELECT documents FROM counted) < %(filter_limit)s GROUP BY collection_id
), found AS (
    SELECT passage.id, passage.document_id, NULL::float8 AS cosine FROM few
    JOIN collections_app_collection collection ON collection.id = few.collection_id
    JOIN collections_app_passage passage ON passage.document_id = ANY(few.ids)
      AND passage.model_id = coalesce(%(filter_model)s::bigint, collection.embedding_model_id)
    LIMIT %(filter_limit)s
)"""
VECTORS = """, found AS (
    SELECT passage_id AS id, document_id, CASE
        WHEN vector_dims(embedding) = %(filter_dimension)s
        THEN 1 - (embedding <=> %(filter_vector)s::vector)
    END AS cosine
    FROM collections_app_vector
    WHERE model_id = %(filter_model)s AND document_id = ANY((
        SELECT array_agg(id) FROM documents
        WHERE (SELECT documents FROM counted) < %(filter_limit)s
    )::bigint[])
    LIMIT %(filter_limit)s
)"""
PACKED = """
SELECT (SELECT documents FROM counted), string_agg(int8send(id), ''::bytea),
    string_agg(int8send(document_id), ''::bytea),
    string_agg(float8send(coalesce(cosine, 'NaN')), ''::bytea)
FROM found
"""


def scope(
    collection_ids: Sequence[int],
    wanted: Condition | None,
    model: EmbeddingModel | None = None,
    near: Near | None = None,
) -> Scope:
    """What is left under the condition: few passages by id, or the condition itself. The
    passages are those of the collections' own models, or of `model`.

    Where these are one model, `near` is that and a vector under it: the cosines of few passages
    are read along with them then, and PostgreSQL finds them once.
    """
    every = tuple(collection_ids)
    if wanted is None:
        return Scope(every)
    values: dict[str, Any] = {"filter_scope": list(every), "filter_limit": FEW + 1}
    values["filter_model"] = model.pk if model else None
    if near:
        values |= {"filter_model": near[0].pk, "filter_dimension": near[0].dimension}
        values["filter_vector"] = text(near[1])
    statement = DOCUMENTS.format(condition=wanted.sql) + (VECTORS if near else PASSAGES) + PACKED
    with connection.cursor() as cursor:
        cursor.execute(statement, {**wanted.params, **values})
        documents, *packed = cursor.fetchone()
    ids, having, cosines = (
        np.frombuffer(column or b"", kind)
        for column, kind in zip(packed, (">i8", ">i8", ">f8"), strict=True)
    )
    if documents > FEW:
        return Scope(every, condition=wanted, documents=documents)
    if len(ids) > FEW:
        return Scope(every, condition=wanted)
    order = np.argsort(ids)
    return Scope(
        every,
        passages=ids[order].astype(np.int64),
        documents=_different(having),
        cosines=cosines[order].astype(np.float64) if near else None,
    )


def _different(ids: NDArray[np.integer]) -> int:
    return int(np.count_nonzero(np.diff(np.sort(ids)))) + 1 if len(ids) else 0
