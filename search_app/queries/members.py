"""Stored clusters and their members: replaced as a whole, added to, and forgotten one by one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Count, F, QuerySet
from numpy.typing import NDArray

from search_app.models import Cluster, Clustering, ClusterMember

Ints = NDArray[np.int64]
Rows = NDArray[np.float32]

DEEPEST = 4  # clusters around a split

# Documents that were deleted, or left the cluster that is split, since the clusters were computed
# are left out.
INSERT = """
INSERT INTO search_app_clustermember (cluster_id, document_id, score, revision, depth)
SELECT nullif(member.cluster, 0), member.document, member.score, member.revision, %(depth)s
FROM unnest(%(clusters)s::bigint[], %(documents)s::bigint[], %(scores)s::float8[],
    %(revisions)s::int[]) AS member(cluster, document, score, revision)
JOIN search_app_documentvector d ON d.document_id = member.document
WHERE {within}
"""

EMPTY = """
DELETE FROM search_app_clustermember member USING collections_app_document document
WHERE document.id = member.document_id AND document.collection_id = %(collection)s
  AND member.depth = %(depth)s AND {within}
"""

WITHIN = """{document} IN (
    SELECT document_id FROM search_app_clustermember WHERE cluster_id = %(parent)s)"""

# Places at one depth of documents that are no longer in the cluster which is split there.
STRAY = """
DELETE FROM search_app_clustermember member USING collections_app_document document
WHERE document.id = member.document_id AND document.collection_id = %s AND member.depth = %s
  AND NOT EXISTS (
    SELECT FROM search_app_clustermember upper
    JOIN search_app_clustering split ON split.parent_id = upper.cluster_id
    LEFT JOIN search_app_cluster part ON part.id = member.cluster_id
    WHERE upper.document_id = member.document_id AND upper.depth = member.depth - 1
      AND (part.id IS NULL OR part.clustering_id = split.id)
  )
RETURNING member.cluster_id
"""


def former(clustering: Clustering, documents: Ints) -> tuple[list[Cluster], Ints]:
    """The clusters there are, in their order, and the place among them of each document's; -1
    where it is in none."""
    clusters = list(clustering.clusters.order_by("ordinal"))
    places = {row.pk: place for place, row in enumerate(clusters)}
    rows = ClusterMember.objects.filter(cluster__in=places).values_list("document", "cluster")
    found = {document: places[cluster] for document, cluster in rows.iterator()}
    return clusters, np.array([found.get(pk, -1) for pk in documents.tolist()], np.int64)


def of(cluster: Cluster) -> Ints:
    """Ids of a cluster's documents."""
    rows = ClusterMember.objects.filter(cluster=cluster).values_list("document", flat=True)
    return np.array(list(rows), np.int64)


def replace(
    clustering: Clustering,
    clusters: Sequence[Cluster],
    documents: Ints,
    labels: Ints,
    scores: Rows,
    revisions: Ints,
) -> None:
    """Put these clusters, `labels` apart, in the place of the old ones; -1 labels what is in none.

    Clusters that have a number go on, with what is new of them; documents that left one leave what
    it is split into. Inside a transaction that holds `locks.hold_derived`.
    """
    any_deeper = _deeper(clustering).exists()
    with connection.cursor() as cursor:
        cursor.execute(EMPTY.format(within=within(clustering, "document.id")), named(clustering))
    going = {row.pk for row in clusters if row.pk}
    Cluster.objects.filter(clustering=clustering).exclude(pk__in=going).delete()
    Cluster.objects.bulk_update(
        [row for row in clusters if row.pk],
        ["ordinal", "name", "automatic", "renamed", "terms", "centroid"],
    )
    Cluster.objects.bulk_create([row for row in clusters if not row.pk])
    ids = np.array([row.pk for row in clusters] + [0], np.int64)  # the last is for -1
    _insert(clustering, documents, ids[labels], scores, revisions)
    count_again(ids.tolist())
    if any_deeper:
        drop_strays(clustering)


def _deeper(clustering: Clustering) -> QuerySet[Clustering]:
    return Clustering.objects.filter(
        collection=clustering.collection_id, depth__gt=clustering.depth
    )


def drop_strays(clustering: Clustering) -> None:
    """Take out of the splits below a clustering the documents that are not in what is split.

    Inside a transaction that holds `locks.hold_derived`.
    """
    touched: set[int | None] = set()
    with connection.cursor() as cursor:
        for depth in range(clustering.depth + 1, DEEPEST + 1):
            cursor.execute(STRAY, [clustering.collection_id, depth])
            touched.update(row[0] for row in cursor.fetchall())
    count_again({pk for pk in touched if pk})


def within(clustering: Clustering, document: str) -> str:
    """The condition that a document is in the cluster that is split, if one is."""
    return WITHIN.format(document=document) if clustering.parent_id else "true"


def named(clustering: Clustering) -> dict[str, Any]:
    """The parameters of statements about it."""
    return {
        "collection": clustering.collection_id,
        "depth": clustering.depth,
        "parent": clustering.parent_id,
    }


def _insert(
    clustering: Clustering, documents: Ints, clusters: Ints, scores: Rows, revisions: Ints
) -> None:
    columns = {
        "documents": documents.tolist(),
        "clusters": clusters.tolist(),
        "scores": scores.tolist(),
        "revisions": revisions.tolist(),
    }
    with connection.cursor() as cursor:
        sql = INSERT.format(within=within(clustering, "member.document"))
        cursor.execute(sql, named(clustering) | columns)


def add(
    clustering: Clustering, documents: Ints, clusters: Ints, scores: Rows, revisions: Ints
) -> None:
    """Put documents into clusters, 0 for none, and out of those they were in; sizes follow. Those
    that left a cluster leave what it is split into; the others stay there until they are placed.

    Inside a transaction that holds `locks.hold_derived`.
    """
    before = ClusterMember.objects.filter(document__in=documents.tolist(), depth=clustering.depth)
    touched = _take_out(before)
    _insert(clustering, documents, clusters, scores, revisions)
    count_again({*touched, *clusters.tolist()})
    if _deeper(clustering).exists():
        drop_strays(clustering)


def forget(document_ids: Sequence[int]) -> None:
    """Take documents out of their clusters, whose sizes are right at once.

    Inside a transaction that holds `locks.hold_derived` of their collections.
    """
    count_again(_take_out(ClusterMember.objects.filter(document__in=document_ids)))


def _take_out(members: QuerySet[ClusterMember]) -> set[int]:
    """The clusters that they were in."""
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


def outside(clustering: Clustering) -> int:
    """How many documents were looked at and are in no cluster."""
    rows = ClusterMember.objects.filter(
        cluster=None, depth=clustering.depth, document__collection=clustering.collection_id
    )
    if clustering.parent_id:
        rows = rows.filter(document__cluster_members__cluster=clustering.parent_id)
    return rows.count()


def count_again(cluster_ids: Sequence[int] | set[int]) -> None:
    """Write the sizes of clusters that changed; empty ones go."""
    clusters = Cluster.objects.filter(pk__in=cluster_ids)
    changed = clusters.annotate(now=Count("members")).exclude(size=F("now"))
    for pk, now in changed.values_list("pk", "now"):
        Cluster.objects.filter(pk=pk).update(size=now)
    clusters.filter(size=0).delete()
