"""One value for each point of a map, in the order of `points.read`: what it is coloured by."""

from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from collections_app.models import Collection
from search_app.models import Cluster
from search_app.queries import binary, vectors

NO_CODE = 255  # of a document that has no value
OTHER_CODE = 254  # of one whose value is not among the most frequent

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

VALUES = """
SELECT ({value})::float8 FROM search_app_mappoint point
JOIN search_app_collectionmap map ON map.id = point.map_id
JOIN collections_app_document document ON document.id = point.document_id
{join} WHERE map.collection_id = %(home)s ORDER BY point.document_id
"""


def added(collection: Collection) -> Floats:
    """When each document was added, in days since 1970."""
    return _floats("extract(epoch FROM document.created) / 86400", "", {"home": collection.pk})


NUMBERS = """
LEFT JOIN (
    SELECT document_id, min(value) AS value FROM search_app_documentnumber
    WHERE collection_id = %(home)s AND name = %(name)s AND kind = %(kind)s GROUP BY document_id
) number ON number.document_id = point.document_id
"""


def numbers(collection: Collection, name: str, kind: str) -> Floats:
    """A number or date of the metadata as `DocumentNumber` has it; NaN where there is none."""
    values = {"home": collection.pk, "name": name, "kind": kind}
    return _floats("coalesce(number.value, 'NaN')", NUMBERS, values)


COSINES = """
LEFT JOIN search_app_documentvector found ON found.document_id = point.document_id
    AND found.model_id = %(model)s AND vector_dims(found.embedding) = %(dimension)s
"""


def cosines(collection: Collection, vector: np.ndarray) -> Floats:
    """The cosine of each document with `vector`; NaN where it has no vector."""
    values = {
        "home": collection.pk,
        "vector": vectors.text(vector),
        "model": collection.embedding_model_id,
        "dimension": collection.embedding_model.dimension,
    }
    return _floats("coalesce(1 - (found.embedding <=> %(vector)s::vector), 'NaN')", COSINES, values)


def _floats(value: str, join: str, values: dict[str, object]) -> Floats:
    rows = binary.read(VALUES.format(value=value, join=join), values, {"value": "float8"})
    return rows["value"].astype(np.float64)


MEDIA_TYPE = "document.media_type"
METADATA = """
CASE jsonb_typeof(document.metadata -> %(name)s)
WHEN 'array' THEN document.metadata -> %(name)s ->> 0
ELSE document.metadata ->> %(name)s END
"""  # of a list, its first value
FREQUENT = """
SELECT value FROM (
    SELECT left({value}, 200) AS value FROM search_app_mappoint point
    JOIN search_app_collectionmap map ON map.id = point.map_id
    JOIN collections_app_document document ON document.id = point.document_id
    {join} WHERE map.collection_id = %(home)s
) found
WHERE value <> '' GROUP BY value ORDER BY count(*) DESC, value LIMIT %(most)s
"""
CODE = """
CASE WHEN coalesce({value}, '') = '' THEN %(none)s::int
ELSE coalesce(array_position(%(known)s::text[], left({value}, 200)) - 1, %(other)s::int) END
"""


def words(collection: Collection, name: str | None, most: int) -> tuple[list[str], Ints]:
    """The most frequent values of a key of the metadata, or of the media type (None), and each
    point's place among them; OTHER_CODE and NO_CODE for the others."""
    value = METADATA if name is not None else MEDIA_TYPE
    return _coded(value, "", {"home": collection.pk, "name": name}, most)


LABELS = """
LEFT JOIN search_app_assignedlabel given ON given.document_id = document.id
    AND given.label_set_id = %(set)s
"""


def labels(collection: Collection, label_set: int, most: int) -> tuple[list[str], Ints]:
    """The same of the labels that a label set has given."""
    return _coded("given.label", LABELS, {"home": collection.pk, "set": label_set}, most)


PART = """
LEFT JOIN (
    SELECT member.document_id, array_position(%(parts)s::bigint[], member.cluster_id) - 1 AS code
    FROM search_app_clustermember member WHERE member.cluster_id = ANY(%(parts)s::bigint[])
) part ON part.document_id = document.id
"""


def parts(collection: Collection, cluster: int, most: int) -> tuple[list[str], Ints]:
    """The names of the `most` largest clusters that one is split into, and each point's place
    among them; OTHER_CODE for those of the others, NO_CODE for what is in none."""
    rows = Cluster.objects.filter(clustering__parent=cluster, collection=collection)
    found = list(rows.order_by("-size", "ordinal").values_list("pk", "name"))
    params = {"home": collection.pk, "parts": [pk for pk, _name in found]}
    codes = _floats("coalesce(part.code, -1)", PART, params).astype(np.int64)
    codes[codes >= most] = OTHER_CODE
    codes[codes < 0] = NO_CODE
    return [name for _pk, name in found[:most]], codes


def _coded(value: str, join: str, params: dict[str, Any], most: int) -> tuple[list[str], Ints]:
    with connection.cursor() as cursor:
        cursor.execute(FREQUENT.format(value=value, join=join), params | {"most": most})
        known = [row[0] for row in cursor.fetchall()]
    codes = params | {"known": known, "none": NO_CODE, "other": OTHER_CODE}
    return known, _floats(CODE.format(value=value), join, codes).astype(np.int64)
