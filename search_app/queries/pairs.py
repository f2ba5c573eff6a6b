"""Stored related pairs: written, trimmed and forgotten."""

from collections.abc import Sequence

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from collections_app.models import Collection
from search_app.models import DocumentVector, RelatedDocument
from search_app.queries import locks

LIST_LENGTH = 10


def flag_listing(document_ids: Sequence[int]) -> None:
    """Ask for a new list for each document that lists one of these."""
    listing = RelatedDocument.objects.filter(other__in=document_ids).values("document")
    DocumentVector.objects.filter(document__in=listing, refill=False).update(refill=True)


def forget(document_ids: Sequence[int]) -> None:
    """Delete every pair these documents are in; those that listed them get a new list."""
    flag_listing(document_ids)
    RelatedDocument.objects.filter(other__in=document_ids).delete()
    RelatedDocument.objects.filter(document__in=document_ids).delete()


# Documents deleted since the scores were computed are left out by the joins.
INSERT = """
INSERT INTO search_app_relateddocument (document_id, other_id, score, rank)
SELECT pair.document, pair.other, pair.score, 0
FROM unnest(%s::bigint[], %s::bigint[], %s::float8[]) AS pair(document, other, score)
JOIN search_app_documentvector d ON d.document_id = pair.document
JOIN search_app_documentvector o ON o.document_id = pair.other
ON CONFLICT (document_id, other_id) DO UPDATE SET score = EXCLUDED.score
"""

SETTLE = """
WITH places AS (
    SELECT id, document_id, score, row_number() OVER (
        PARTITION BY document_id ORDER BY score DESC, other_id
    ) AS place
    FROM search_app_relateddocument WHERE document_id = ANY(%(touched)s::bigint[])
), trimmed AS (
    DELETE FROM search_app_relateddocument r USING places
    WHERE r.id = places.id AND place > %(length)s
), moved AS (
    UPDATE search_app_relateddocument r SET rank = place FROM places
    WHERE r.id = places.id AND place <= %(length)s AND r.rank <> place
), lists AS (
    SELECT document_id, count(*) AS length,
           max(score) FILTER (WHERE place = %(length)s) AS last
    FROM places GROUP BY document_id
), others AS (
    SELECT count(*) - 1 AS count FROM search_app_documentvector
    WHERE collection_id = %(collection)s AND model_id = %(model)s
      AND vector_dims(embedding) = %(dimension)s
)
UPDATE search_app_documentvector v
SET floor = coalesce(lists.last, -1),
    refill = CASE WHEN v.document_id = ANY(%(filled)s::bigint[])
        THEN coalesce(lists.length, 0) < least(%(length)s, others.count) ELSE v.refill END
FROM unnest(%(touched)s::bigint[]) AS touched(id)
LEFT JOIN lists ON lists.document_id = touched.id
CROSS JOIN others
WHERE v.document_id = touched.id
"""


def write(
    collection: Collection,
    filled: NDArray[np.int64],
    documents: NDArray[np.int64],
    others: NDArray[np.int64],
    scores: NDArray[np.float64],
) -> None:
    """Replace the lists of `filled` and let the other pairs enter the lists they reach."""
    with transaction.atomic(), connection.cursor() as cursor:
        locks.hold_derived(collection.pk)
        cursor.execute(
            "DELETE FROM search_app_relateddocument WHERE document_id = ANY(%s::bigint[])",
            [filled.tolist()],
        )
        cursor.execute(INSERT, [documents.tolist(), others.tolist(), scores.tolist()])
        cursor.execute(
            SETTLE,
            {
                "touched": np.union1d(filled, documents).tolist(),
                "filled": filled.tolist(),
                "length": LIST_LENGTH,
                "collection": collection.pk,
                "model": collection.embedding_model_id,
                "dimension": collection.embedding_model.dimension,
            },
        )
