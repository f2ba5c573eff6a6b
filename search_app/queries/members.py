"""Stored clusters and their members: replaced as a whole, and forgotten one by one."""

from collections.abc import Sequence

import numpy as np
from django.db import connection
from django.db.models import Count, F
from numpy.typing import NDArray

from search_app.models import Cluster, Clustering, ClusterMember

# Documents deleted since the clusters were computed are left out by the join.
INSERT = """
INSERT INTO search_app_clustermember (cluster_id, document_id, score)
SELECT member.cluster, member.document, member.score
FROM unnest(%s::bigint[], %s::bigint[], %s::float8[]) AS member(cluster, document, score)
JOIN search_app_documentvector d ON d.document_id = member.document
"""


def replace(
    clustering: Clustering,
    clusters: Sequence[Cluster],
    documents: NDArray[np.int64],
    labels: NDArray[np.int64],
    scores: NDArray[np.float32],
) -> None:
    """Put these clusters, `labels` apart, in the place of the old ones.

    Inside a transaction that holds `locks.hold_derived`.
    """
    old = Cluster.objects.filter(clustering=clustering)
    members = ClusterMember.objects.filter(cluster__in=old)
    members._raw_delete(members.db)
    old._raw_delete(old.db)
    ids = np.array([row.pk for row in Cluster.objects.bulk_create(clusters)], np.int64)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [ids[labels].tolist(), documents.tolist(), scores.tolist()])
    count_again(ids.tolist())


def forget(document_ids: Sequence[int]) -> None:
    """Take documents out of their clusters, whose sizes are right at once.

    Inside a transaction that holds `locks.hold_derived` of their collections.
    """
    members = ClusterMember.objects.filter(document__in=document_ids)
    touched = list(members.values_list("cluster", flat=True).distinct())
    if touched:
        members._raw_delete(members.db)
        count_again(touched)


def count_again(cluster_ids: Sequence[int]) -> None:
    """Write the sizes of clusters that changed; empty ones go."""
    clusters = Cluster.objects.filter(pk__in=cluster_ids)
    for cluster in clusters.annotate(now=Count("members")).exclude(size=F("now")):
        Cluster.objects.filter(pk=cluster.pk).update(size=cluster.now)
    clusters.filter(size=0).delete()
