"""Stored clusters and their members: replaced as a whole, added to, and forgotten one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from django.db.models import Count, F
from numpy.typing import NDArray

from collections_app.models import Collection
from search_app.models import Cluster, Clustering, ClusterMember
from search_app.queries import binary

Ints = NDArray[np.int64]
Rows = NDArray[np.float32]

# Documents deleted since the clusters were computed are left out by the join.
INSERT = """
INSERT INTO search_app_clustermember (cluster_id, document_id, score, revision)
SELECT nullif(member.cluster, 0), member.document, member.score, member.revision
FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::int[])
    AS member(cluster, document, score, revision)
JOIN search_app_documentvector d ON d.document_id = member.document
"""

EMPTY = """
DELETE FROM search_app_clustermember member USING collections_app_document document
WHERE document.id = member.document_id AND document.collection_id = %s
"""


def former(collection: Collection, documents: Ints) -> tuple[list[Cluster], Ints]:
    """The clusters there are, in their order, and the place among them of each document's; -1
    where it is in none."""
    clusters = list(Cluster.objects.filter(collection=collection).order_by("ordinal"))
    places = {row.pk: place for place, row in enumerate(clusters)}
    rows = ClusterMember.objects.filter(cluster__in=places).values_list("document", "cluster")
    found = {document: places[cluster] for document, cluster in rows.iterator()}
    return clusters, np.array([found.get(pk, -1) for pk in documents.tolist()], np.int64)


def replace(
    clustering: Clustering,
    clusters: Sequence[Cluster],
    documents: Ints,
    labels: Ints,
    scores: Rows,
    revisions: Ints,
) -> None:
    """Put these clusters, `labels` apart, in the place of the old ones; -1 labels what is in none.

    Clusters that have a number go on, with what is new of them. Inside a transaction that holds
    `locks.hold_derived`.
    """
    old = Cluster.objects.filter(clustering=clustering)
    with connection.cursor() as cursor:
        cursor.execute(EMPTY, [clustering.collection_id])
    going = {row.pk for row in clusters if row.pk}
    old.exclude(pk__in=going).delete()
    Cluster.objects.bulk_update(
        [row for row in clusters if row.pk],
        ["ordinal", "name", "automatic", "renamed", "terms", "centroid"],
    )
    Cluster.objects.bulk_create([row for row in clusters if not row.pk])
    ids = np.array([row.pk for row in clusters] + [0], np.int64)  # the last is for -1
    _insert(documents, ids[labels], scores, revisions)
    count_again(ids.tolist())


def _insert(documents: Ints, clusters: Ints, scores: Rows, revisions: Ints) -> None:
    with connection.cursor() as cursor:
        columns = (clusters, documents, scores, revisions)
        cursor.execute(INSERT, [column.tolist() for column in columns])


def add(documents: Ints, clusters: Ints, scores: Rows, revisions: Ints) -> None:
    """Put documents into clusters, 0 for none, and out of those they were in; sizes follow.

    Inside a transaction that holds `locks.hold_derived`.
    """
    touched = _take_out(documents.tolist())
    _insert(documents, clusters, scores, revisions)
    count_again({*touched, *clusters.tolist()})


def forget(document_ids: Sequence[int]) -> None:
    """Take documents out of their clusters, whose sizes are right at once.

    Inside a transaction that holds `locks.hold_derived` of their collections.
    """
    count_again(_take_out(document_ids))


def _take_out(document_ids: Sequence[int]) -> set[int]:
    """The clusters that they were in."""
    members = ClusterMember.objects.filter(document__in=document_ids)
    touched = set(members.values_list("cluster", flat=True).distinct())
    members._raw_delete(members.db)
    return touched - {None}


REACHES = """
SELECT cluster_id, percentile_cont(%s) WITHIN GROUP (ORDER BY score)
FROM search_app_clustermember WHERE cluster_id = ANY(%s) GROUP BY cluster_id
"""


def reaches(clusters: Sequence[Cluster], far: float) -> Rows:
    """(k,): of each cluster, the cosine that all but the share `far` of its members reach."""
    with connection.cursor() as cursor:
        cursor.execute(REACHES, [far, [row.pk for row in clusters]])
        found = dict(cursor.fetchall())
    return np.array([found.get(row.pk, 1.0) for row in clusters], np.float32)


def outside(collection: Collection) -> int:
    """How many documents were looked at and are in no cluster."""
    return ClusterMember.objects.filter(cluster=None, document__collection=collection).count()


def count_again(cluster_ids: Sequence[int] | set[int]) -> None:
    """Write the sizes of clusters that changed; empty ones go."""
    clusters = Cluster.objects.filter(pk__in=cluster_ids)
    for cluster in clusters.annotate(now=Count("members")).exclude(size=F("now")):
        Cluster.objects.filter(pk=cluster.pk).update(size=cluster.now)
    clusters.filter(size=0).delete()


@dataclass(frozen=True)
class Newcomers:
    """Document vectors that are new or changed since their documents were placed."""

    ids: Ints
    vectors: Rows
    revisions: Ints


NEWCOMERS = """
SELECT vector.document_id, vector.revision::int8, vector.embedding
FROM search_app_documentvector vector
LEFT JOIN search_app_clustermember member ON member.document_id = vector.document_id
WHERE vector.collection_id = %s AND vector.model_id = %s AND vector_dims(vector.embedding) = %s
  AND (member.document_id IS NULL OR member.revision <> vector.revision)
ORDER BY vector.document_id
"""

BEHIND = """
SELECT clustering.collection_id FROM search_app_clustering clustering
JOIN collections_app_collection home ON home.id = clustering.collection_id
WHERE clustering.model_id = home.embedding_model_id AND home.owner_id IS NOT NULL
  AND EXISTS (SELECT FROM search_app_cluster cluster WHERE cluster.clustering_id = clustering.id)
  AND EXISTS (
    SELECT FROM search_app_documentvector vector
    LEFT JOIN search_app_clustermember member ON member.document_id = vector.document_id
    WHERE vector.collection_id = home.id AND vector.model_id = home.embedding_model_id
      AND (member.document_id IS NULL OR member.revision <> vector.revision)
  )
ORDER BY 1
"""


def newcomers(collection: Collection) -> Newcomers:
    dimension = collection.embedding_model.dimension
    rows = binary.read(
        NEWCOMERS,
        [collection.pk, collection.embedding_model_id, dimension],
        {"id": "int8", "revision": "int8", "vector": dimension},
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
