"""Points of maps: written by binary COPY, read as arrays, chosen by where they lie."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from collections_app.copying import copy_rows
from collections_app.models import Collection
from search_app.models import CollectionMap, MapPoint
from search_app.queries import binary
from search_app.queries.scope import Condition

Ints = NDArray[np.int64]


def read(collection: Collection) -> NDArray[np.void]:
    """Every point by document: `id`, `x`, `y`, and `cluster`, 0 for none."""
    return binary.read(
        "SELECT point.document_id, point.x::int8, point.y::int8, coalesce(member.cluster_id, 0)"
        " FROM search_app_mappoint point"
        " JOIN search_app_collectionmap map ON map.id = point.map_id"
        " LEFT JOIN search_app_clustermember member"
        " ON member.document_id = point.document_id AND member.depth = 0"
        " WHERE map.collection_id = %s ORDER BY point.document_id",
        [collection.pk],
        {"id": "int8", "x": "int8", "y": "int8", "cluster": "int8"},
    )


def revisions(collection: Collection) -> tuple[Ints, Ints]:
    """Ids of the collection's current document vectors, and the revisions they are of."""
    rows = binary.read(
        "SELECT document_id, revision::int8 FROM search_app_documentvector"
        " WHERE collection_id = %s AND model_id = %s ORDER BY document_id",
        [collection.pk, collection.embedding_model_id],
        {"id": "int8", "revision": "int8"},
    )
    return rows["id"].astype(np.int64), rows["revision"].astype(np.int64)


def unplaced(map_: CollectionMap) -> Ints:
    """Ids of documents whose vectors have no point, or a newer revision than it."""
    rows = binary.read(UNPLACED, [map_.pk, map_.collection_id, map_.model_id], {"id": "int8"})
    return rows["id"].astype(np.int64)


UNPLACED = """
SELECT vector.document_id FROM search_app_documentvector vector
LEFT JOIN search_app_mappoint point ON point.document_id = vector.document_id AND point.map_id = %s
WHERE vector.collection_id = %s AND vector.model_id = %s
  AND (point.document_id IS NULL OR point.revision <> vector.revision)
ORDER BY vector.document_id
"""


def behind() -> list[int]:
    """Ids of collections with a map that lacks a document's point, or has an old one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT map.collection_id FROM search_app_collectionmap map"
            " JOIN collections_app_collection home ON home.id = map.collection_id"
            " WHERE map.mean IS NOT NULL AND home.owner_id IS NOT NULL"
            " AND map.model_id = home.embedding_model_id AND EXISTS ("
            "  SELECT FROM search_app_documentvector vector"
            "  LEFT JOIN search_app_mappoint point ON point.document_id = vector.document_id"
            "  WHERE vector.collection_id = map.collection_id AND vector.model_id = map.model_id"
            "   AND (point.document_id IS NULL OR point.revision <> vector.revision)"
            ") ORDER BY 1"
        )
        return [row[0] for row in cursor.fetchall()]


def replace(map_: CollectionMap, documents: Ints, places: NDArray[np.int32]) -> None:
    """These points in the place of all there were; documents without a vector are left out.

    Inside a transaction that holds `locks.hold_derived`.
    """
    rows = MapPoint.objects.filter(map=map_)
    rows._raw_delete(rows.db)
    _write(map_, documents, places)


def add(map_: CollectionMap, documents: Ints, places: NDArray[np.int32]) -> None:
    """These points beside the others, or in the place of those of the same documents."""
    rows = MapPoint.objects.filter(document__in=documents.tolist())
    rows._raw_delete(rows.db)
    _write(map_, documents, places)


def _write(map_: CollectionMap, documents: Ints, places: NDArray[np.int32]) -> None:
    ids, now = revisions(map_.collection)
    kept = np.isin(documents, ids)
    documents, places = documents[kept], places[kept]
    found = now[np.searchsorted(ids, documents)]
    copy_rows(
        MapPoint,
        "document_id map_id x y revision",
        "int8 int8 int4 int4 int4",
        (
            (document, map_.pk, x, y, revision)
            for document, (x, y), revision in zip(
                documents.tolist(), places.tolist(), found.tolist(), strict=True
            )
        ),
    )


def forget(document_ids: Sequence[int]) -> None:
    rows = MapPoint.objects.filter(document__in=document_ids)
    rows._raw_delete(rows.db)


def vectors_of(documents: Ints, collection: Collection) -> tuple[Ints, NDArray[np.float32]]:
    """Ids and vectors of those of the documents that have one."""
    dimension = collection.embedding_model.dimension
    rows = binary.read(
        "SELECT document_id, embedding FROM search_app_documentvector"
        " WHERE document_id = ANY(%s) AND model_id = %s AND vector_dims(embedding) = %s"
        " ORDER BY document_id",
        [documents.tolist(), collection.embedding_model_id, dimension],
        {"id": "int8", "vector": dimension},
    )
    return rows["id"].astype(np.int64), rows["vector"].astype(np.float32)


def has_points(collection: Collection) -> bool:
    return MapPoint.objects.filter(map__collection=collection).exists()


def chosen(
    collection: Collection, wanted: Condition | None, limit: int | None, offset: int = 0
) -> list[int]:
    """Documents on the map under the condition, by their numbers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT document.id" + _CHOSEN.format(condition=wanted.sql if wanted else "true")
            + " ORDER BY document.id LIMIT %(filter_limit)s OFFSET %(filter_offset)s",
            _params(collection, wanted) | {"filter_limit": limit, "filter_offset": offset},
        )  # fmt: skip
        return [row[0] for row in cursor.fetchall()]


def count(collection: Collection, wanted: Condition | None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*)" + _CHOSEN.format(condition=wanted.sql if wanted else "true"),
            _params(collection, wanted),
        )
        return int(cursor.fetchone()[0])


_CHOSEN = """
 FROM search_app_mappoint point
JOIN search_app_collectionmap map ON map.id = point.map_id
JOIN collections_app_document document ON document.id = point.document_id
WHERE map.collection_id = %(filter_home)s AND {condition}
"""


def _params(collection: Collection, wanted: Condition | None) -> dict[str, Any]:
    return {**(wanted.params if wanted else {}), "filter_home": collection.pk}
