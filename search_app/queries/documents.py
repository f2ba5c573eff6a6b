"""Document vectors: made from passage vectors, read as one matrix."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from collections_app.batches import batched
from collections_app.models import Collection, Document
from search_app.models import DocumentVector
from search_app.queries import binary, locks, pairs

NEARLY_ZERO = 1e-6  # a mean shorter than this has no direction
CHUNK = 10_000  # documents named in one statement

UPDATE = """
WITH stale AS (
    SELECT d.id, d.revision FROM collections_app_document d
    LEFT JOIN search_app_documentvector x ON x.document_id = d.id
    WHERE d.collection_id = %(collection)s AND d.state = 'ready'
      AND (x.document_id IS NULL OR x.revision <> d.revision OR x.model_id <> %(model)s)
), means AS (
    SELECT stale.id, stale.revision, avg(v.embedding) AS mean
    FROM stale
    JOIN collections_app_vector v ON v.document_id = stale.id
     AND v.model_id = %(model)s AND vector_dims(v.embedding) = %(dimension)s
    GROUP BY stale.id, stale.revision
)
INSERT INTO search_app_documentvector
    (document_id, collection_id, model_id, revision, embedding, floor, refill)
SELECT id, %(collection)s, %(model)s, revision, l2_normalize(mean), -1, true
FROM means WHERE vector_norm(mean) > %(nearly_zero)s
ON CONFLICT (document_id) DO UPDATE SET model_id = EXCLUDED.model_id,
    revision = EXCLUDED.revision, embedding = EXCLUDED.embedding, refill = true
RETURNING document_id
"""


def update_vectors(collection: Collection) -> list[int]:
    """Make the missing and stale vectors of ready documents; the ids of those made.

    Documents that listed a changed one are flagged for a new list. A document left
    without any vector loses its old one.
    """
    model = collection.embedding_model
    with transaction.atomic(), connection.cursor() as cursor:
        locks.hold_derived(collection.pk)
        cursor.execute(
            UPDATE,
            {
                "collection": collection.pk,
                "model": model.pk,
                "dimension": model.dimension,
                "nearly_zero": NEARLY_ZERO,
            },
        )
        made = [row[0] for row in cursor.fetchall()]
        for some in batched(made, CHUNK):
            pairs.flag_listing(some)
        _forget_emptied(collection)
    return made


def _forget_emptied(collection: Collection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT x.document_id FROM search_app_documentvector x"
            " JOIN collections_app_document d ON d.id = x.document_id"
            " WHERE x.collection_id = %s AND d.state = 'ready' AND x.revision <> d.revision",
            [collection.pk],
        )
        emptied = [row[0] for row in cursor.fetchall()]
    if emptied:
        pairs.forget(emptied)
        DocumentVector.objects.filter(document__in=emptied).delete()


STALE = """
SELECT d.collection_id FROM collections_app_document d
JOIN collections_app_collection c ON c.id = d.collection_id
JOIN collections_app_embeddingmodel m ON m.id = c.embedding_model_id AND m.backend <> 'fixed'
LEFT JOIN search_app_documentvector x ON x.document_id = d.id
WHERE d.state = 'ready' AND c.owner_id IS NOT NULL AND (
    x.revision <> d.revision OR (
        (x.document_id IS NULL OR x.model_id <> c.embedding_model_id) AND EXISTS (
            SELECT FROM collections_app_vector v
            WHERE v.document_id = d.id AND v.model_id = c.embedding_model_id
        )
    )
)
UNION
SELECT x.collection_id FROM search_app_documentvector x
JOIN collections_app_collection c ON c.id = x.collection_id
 AND c.embedding_model_id = x.model_id
JOIN collections_app_embeddingmodel m ON m.id = x.model_id AND m.backend <> 'fixed'
WHERE x.refill AND c.owner_id IS NOT NULL
ORDER BY 1
"""


def stale_collections() -> list[int]:
    """Ids of collections with a ready document that has no current vector or list."""
    with connection.cursor() as cursor:
        cursor.execute(STALE)
        return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True)
class Matrix:
    """The n document vectors of a collection, in the order of their ids."""

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]  # (n, dimension), length 1
    floors: NDArray[np.float64]
    refill: NDArray[np.bool_]
    revisions: NDArray[np.int64]  # of the documents that they were made from


COLUMNS = "document_id, floor, refill, revision::int8, embedding"
OF = "collection_id = %s AND model_id = %s AND vector_dims(embedding) = %s"  # as `read` has it


def matrix(collection: Collection) -> Matrix:
    """All document vectors under the collection's model, by binary COPY (rows of one size)."""
    return read(
        collection,
        f"SELECT {COLUMNS} FROM search_app_documentvector WHERE {OF}"  # noqa: S608
        " ORDER BY document_id",
    )


def read(collection: Collection, query: str, values: Sequence[int] = ()) -> Matrix:
    """What a query finds that selects COLUMNS; its parameters are those of OF, then `values`."""
    model = collection.embedding_model
    columns: dict[str, str | int] = {"id": "int8", "floor": "float8", "refill": "bool"}
    columns |= {"revision": "int8", "vector": model.dimension}
    rows = binary.read(query, [collection.pk, model.pk, model.dimension, *values], columns)
    return Matrix(
        rows["id"].astype(np.int64),
        rows["vector"].astype(np.float32),
        rows["floor"].astype(np.float64),
        rows["refill"].astype(bool),
        rows["revision"].astype(np.int64),
    )


def current_matrix(collection: Collection) -> Matrix:
    """The same, brought up to date first."""
    update_vectors(collection)
    return matrix(collection)


def among(found: Matrix, ids: NDArray[np.int64]) -> Matrix:
    """Those of these documents alone."""
    chosen = np.isin(found.ids, ids)
    return Matrix(*(getattr(found, one.name)[chosen] for one in fields(found)))


def vector_of(document: Document) -> np.ndarray | None:
    """The mean of a document's passage vectors, length 1; None while it has none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l2_normalize(mean)::real[] FROM ("
            "SELECT avg(v.embedding) AS mean FROM collections_app_vector v"
            " JOIN collections_app_collection c ON c.id = v.collection_id"
            " AND c.embedding_model_id = v.model_id WHERE v.document_id = %s"
            ") of WHERE vector_norm(mean) > %s",
            [document.pk, NEARLY_ZERO],
        )
        row = cursor.fetchone()
    return np.array(row[0], dtype=np.float32) if row else None
