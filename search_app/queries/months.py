"""How many documents of a cluster are of each month."""

from django.db import connection

from search_app.models import Cluster

ADDED = """
SELECT to_char(document.created AT TIME ZONE 'UTC', 'YYYYMM')::int AS month, count(*)
FROM search_app_clustermember member
JOIN collections_app_document document ON document.id = member.document_id
WHERE member.cluster_id = %s GROUP BY month ORDER BY month
"""

# DocumentNumber has dates as 20240531093000; of several in one document the first counts.
BY_FIELD = """
SELECT floor(value / 1e8)::int AS month, count(*) FROM (
    SELECT min(number.value) AS value FROM search_app_clustermember member
    JOIN search_app_documentnumber number ON number.document_id = member.document_id
    WHERE member.cluster_id = %s AND number.kind = 'd' AND number.name = %s
    GROUP BY member.document_id
) found GROUP BY month ORDER BY month
"""

FIELDS = """
SELECT DISTINCT number.name FROM search_app_clustermember member
JOIN search_app_documentnumber number ON number.document_id = member.document_id
WHERE member.cluster_id = %s AND number.kind = 'd' ORDER BY 1 LIMIT 20
"""


def fields(cluster: Cluster) -> list[str]:
    """Keys of the metadata that hold dates in the cluster's documents."""
    with connection.cursor() as cursor:
        cursor.execute(FIELDS, [cluster.pk])
        return [name for (name,) in cursor.fetchall()]


def counts(cluster: Cluster, field: str = "") -> list[tuple[int, int]]:
    """(202405, documents) for each month that has any, the first before all: of the month in
    which they were added, or of a date in their metadata."""
    with connection.cursor() as cursor:
        if field:
            cursor.execute(BY_FIELD, [cluster.pk, field])
        else:
            cursor.execute(ADDED, [cluster.pk])
        return [(month, count) for month, count in cursor.fetchall() if 1 <= month % 100 <= 12]
