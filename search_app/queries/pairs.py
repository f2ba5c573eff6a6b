"""Stored related pairs: written, trimmed and forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from collections_app.copying import copy_arrays
from collections_app.models import Collection
from search_app.models import DocumentVector, RelatedDocument
from search_app.queries import locks
from search_app.queries.cursors import array

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

THERE = "SELECT document_id FROM search_app_documentvector WHERE document_id = ANY(%s)"

FLOORS = """
UPDATE search_app_documentvector v SET floor = list.floor, refill = list.short
FROM unnest(%s::bigint[], %s::float8[], %s::bool[]) AS list(id, floor, short)
WHERE v.document_id = list.id
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


@dataclass(frozen=True)
class Found:
    """n pairs: `others` are the `ranks`-th most similar to `documents`, by these cosines."""

    documents: NDArray[np.int64]
    others: NDArray[np.int64]
    scores: NDArray[np.float64]
    ranks: NDArray[np.int64]

    def __getitem__(self, chosen: NDArray[np.bool_]) -> Self:
        return type(self)(
            self.documents[chosen], self.others[chosen], self.scores[chosen], self.ranks[chosen]
        )


def replace(filled: NDArray[np.int64], found: Found, collection: Collection) -> None:
    """Replace the lists of `filled` by these, which are whole and in order.

    A list that meant to name a document deleted since the scores were computed is to be made anew.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        locks.hold_derived(collection.pk)
        named = np.unique(np.concatenate([filled, found.others]))
        cursor.execute(THERE, [array(named)])
        there = np.array([row[0] for row in cursor.fetchall()], np.int64)
        kept = np.isin(found.documents, there) & np.isin(found.others, there)
        short = np.isin(filled, found.documents[~kept])
        found = found[kept]
        cursor.execute(
            "DELETE FROM search_app_relateddocument WHERE document_id = ANY(%s)", [array(filled)]
        )
        copy_arrays(
            RelatedDocument,
            {
                "document_id": ("int8", found.documents),
                "other_id": ("int8", found.others),
                "score": ("float8", found.scores),
                "rank": ("int2", found.ranks),
            },
        )
        last = found[found.ranks == LIST_LENGTH]
        floors = dict(zip(last.documents.tolist(), last.scores.tolist(), strict=True))
        lowest = [floors.get(pk, -1.0) for pk in filled.tolist()]
        cursor.execute(FLOORS, [filled.tolist(), lowest, short.tolist()])


def write(collection: Collection, filled: NDArray[np.int64], found: Found, entering: Found) -> None:
    """Replace the lists of `filled`, and let the `entering` pairs enter the lists they reach."""
    documents = np.concatenate([found.documents, entering.documents])
    others = np.concatenate([found.others, entering.others])
    scores = np.concatenate([found.scores, entering.scores])
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
