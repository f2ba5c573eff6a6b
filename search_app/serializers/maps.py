"""The map of a collection, its points, and what is chosen on it."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from search_app.maps import MOST_COPIED
from search_app.models import CollectionMap
from search_app.serializers.hits import DocumentLinkSerializer


class MapSerializer(serializers.ModelSerializer[CollectionMap]):
    """`explained`: the share of all variance along each of the two axes."""

    points = serializers.IntegerField(source="points.count", read_only=True)
    explained = serializers.SerializerMethodField()

    class Meta:
        model = CollectionMap
        fields = (
            "state",
            "method",
            "error",
            "requested",
            "built",
            "points",
            "fitted",
            "explained",
        )

    def get_explained(self, row: CollectionMap) -> list[float]:
        return [row.explained_first, row.explained_second]


class MapWishSerializer(serializers.Serializer[Any]):
    method = serializers.ChoiceField(
        CollectionMap.Method.choices,
        default=CollectionMap.Method.PCA,
        help_text=_("UMAP is an extra that has to be installed."),
    )


class MapChoiceSerializer(serializers.Serializer[Any]):
    """Which documents of the map."""

    q = serializers.CharField(default="", allow_blank=True, max_length=settings.MAX_QUERY_CHARS)
    filter = serializers.ListField(
        child=serializers.CharField(max_length=3000),
        default=list,
        help_text=_(
            "field:value as for search; on the map also map_area:100-200_900-200_500-800, corners"
            " of an area, and map_cluster:12, the number of a cluster or none."
        ),
    )


class MapPageSerializer(MapChoiceSerializer):
    limit = serializers.IntegerField(default=100, min_value=1, max_value=1000)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10**9)


class MapValuesSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(
        default="", allow_blank=True, max_length=400, help_text=_("A field, or “score” with q.")
    )
    q = serializers.CharField(default="", allow_blank=True, max_length=settings.MAX_QUERY_CHARS)


class MapCopySerializer(MapChoiceSerializer):
    name = serializers.CharField(
        max_length=200,
        help_text=_("Of the new collection; up to %(most)d documents.") % {"most": MOST_COPIED},
    )


class CopiedSerializer(serializers.Serializer[Any]):
    collection = serializers.IntegerField()
    documents = serializers.IntegerField()


class PointSerializer(serializers.Serializer[Any]):
    """Where a document lies, 0 to 65,535 each way; null until it is placed."""

    document = DocumentLinkSerializer(source="*")
    x = serializers.IntegerField(source="map_point.x", default=None)
    y = serializers.IntegerField(source="map_point.y", default=None)
    cluster = serializers.IntegerField(source="cluster_member.cluster_id", default=None)


class PointPageSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    results = PointSerializer(many=True)
