"""The filters of the map: an area drawn on it, and a cluster."""

import re

from django.utils.translation import gettext as _

from collections_app.services import Rejected
from search_app.analysis.query import Field

IN_AREA = """document.id IN (
    SELECT point.document_id FROM search_app_mappoint point
    JOIN search_app_collectionmap map ON map.id = point.map_id
    WHERE map.collection_id = ANY(%(filter_collections)s)
      AND point(point.x, point.y) <@ {area}::polygon)"""
IN_CLUSTER = """document.id IN (
    SELECT member.document_id FROM search_app_clustermember member
    WHERE member.cluster_id = {cluster})"""
IN_NONE = """NOT EXISTS (
    SELECT FROM search_app_clustermember member
    WHERE member.document_id = document.id AND member.cluster_id IS NOT NULL)"""

MOST_CORNERS = 200
CORNER = re.compile(r"(\d{1,5})-(\d{1,5})")


def corners(field: Field) -> list[tuple[int, int]]:
    """The corners of an area on a map, such as 100-200_900-200_500-800."""
    found = [CORNER.fullmatch(one) for one in field.value.split("_")]
    if field.operation != "is" or not 3 <= len(found) <= MOST_CORNERS or not all(found):
        raise Rejected(
            _("“map_area” wants 3 to %(most)d corners on the map: 100-200_900-200_500-800.")
            % {"most": MOST_CORNERS}
        )
    return [(int(one[1]), int(one[2])) for one in found if one]


def cluster(field: Field) -> int:
    """The number of a cluster; 0 for documents that are in none."""
    if field.operation == "is" and re.fullmatch(r"\d{1,18}|none", field.value):
        return 0 if field.value == "none" else int(field.value)
    raise Rejected(_("“map_cluster” wants the number of a cluster, or none."))
