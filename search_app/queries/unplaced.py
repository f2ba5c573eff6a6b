"""Documents that are not yet placed among the clusters there are."""

from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from search_app.models import Clustering
from search_app.queries import binary
from search_app.queries.members import named, within

Ints = NDArray[np.int64]
Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Newcomers:
    """Document vectors that are new or changed since their documents were placed."""

    ids: Ints
    vectors: Rows
    revisions: Ints


NEWCOMERS = """
SELECT vector.document_id, vector.revision::int8, vector.embedding
FROM search_app_documentvector vector
LEFT JOIN search_app_clustermember member
    ON member.document_id = vector.document_id AND member.depth = %(depth)s
WHERE vector.collection_id = %(collection)s AND vector.model_id = %(model)s
  AND vector_dims(vector.embedding) = %(dimension)s
  AND (member.document_id IS NULL OR member.revision <> vector.revision)
  AND {within}
ORDER BY vector.document_id LIMIT %(most)s
"""

BEHIND = """
SELECT clustering.collection_id FROM search_app_clustering clustering
JOIN collections_app_collection home ON home.id = clustering.collection_id
WHERE clustering.model_id = home.embedding_model_id AND home.owner_id IS NOT NULL
  AND EXISTS (SELECT FROM search_app_cluster cluster WHERE cluster.clustering_id = clustering.id)
  AND CASE WHEN clustering.parent_id IS NULL THEN EXISTS (
    SELECT FROM search_app_documentvector vector
    LEFT JOIN search_app_clustermember member
        ON member.document_id = vector.document_id AND member.depth = 0
    WHERE vector.collection_id = home.id AND vector.model_id = home.embedding_model_id
      AND (member.document_id IS NULL OR member.revision <> vector.revision)
  ) ELSE EXISTS (
    SELECT FROM search_app_clustermember upper
    JOIN search_app_documentvector vector ON vector.document_id = upper.document_id
    LEFT JOIN search_app_clustermember member
        ON member.document_id = upper.document_id AND member.depth = clustering.depth
    WHERE upper.cluster_id = clustering.parent_id AND vector.model_id = home.embedding_model_id
      AND (member.document_id IS NULL OR member.revision <> vector.revision)
  ) END
GROUP BY 1 ORDER BY 1
"""


def newcomers(clustering: Clustering, most: int) -> Newcomers:
    """Up to so many of those of the collection, or of the cluster that is split."""
    model = clustering.collection.embedding_model
    rows = binary.read(
        NEWCOMERS.format(within=within(clustering, "vector.document_id")),
        named(clustering) | {"model": model.pk, "dimension": model.dimension, "most": most},
        {"id": "int8", "revision": "int8", "vector": model.dimension},
    )
    return Newcomers(
        rows["id"].astype(np.int64),
        rows["vector"].astype(np.float32),
        rows["revision"].astype(np.int64),
    )


def behind() -> list[int]:
    """Ids of collections with clusters, and a document that is not placed among them."""
    with connection.cursor() as cursor:
        cursor.execute(BEHIND)
        return [row[0] for row in cursor.fetchall()]
