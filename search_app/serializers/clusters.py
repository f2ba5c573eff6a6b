"""Clusters, their members, and how their making stands."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from search_app.clusters import MAX_CLUSTERS, MOST_NAME, MOST_SMALLEST
from search_app.models import Cluster, Clustering
from search_app.queries import members
from search_app.serializers.hits import DocumentLinkSerializer


class WantedSerializer(serializers.Serializer[Any]):
    wanted = serializers.IntegerField(
        min_value=1,
        max_value=MAX_CLUSTERS,
        allow_null=True,
        default=None,
        help_text=_("How many; null lets the documents decide."),
    )
    method = serializers.ChoiceField(
        choices=Clustering.Method.choices,
        default=Clustering.Method.KMEANS,
        help_text=_("By HDBSCAN documents that lie far from all others are in no cluster."),
    )
    smallest = serializers.IntegerField(
        min_value=2,
        max_value=MOST_SMALLEST,
        allow_null=True,
        default=None,
        help_text=_("For HDBSCAN: the fewest documents of a cluster."),
    )
    afresh = serializers.BooleanField(
        default=False, help_text=_("Do not begin where the former clusters were.")
    )


class ItemsQuerySerializer(serializers.Serializer[Any]):
    content_length = serializers.IntegerField(
        min_value=0,
        max_value=10_000_000,
        default=0,
        help_text=_("Characters of each content; 0 gives all."),
    )
    summary = serializers.BooleanField(default=True, help_text=_("With each cluster's name."))


class ItemSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    content = serializers.CharField()


class ClusterItemsSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    items = ItemSerializer(many=True)
    summary = serializers.CharField()


class ClusteringSerializer(serializers.ModelSerializer[Clustering]):
    """`silhouette`: 1 where clusters lie far apart, 0 where they overlap."""

    sample = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text=_("So many of the documents were looked at by HDBSCAN; null: all."),
    )
    outside = serializers.SerializerMethodField(help_text=_("Documents that are in no cluster."))

    class Meta:
        model = Clustering
        fields = (
            "state",
            "method",
            "wanted",
            "smallest",
            "silhouette",
            "sample",
            "outside",
            "error",
            "requested",
            "built",
        )

    def get_outside(self, made: Clustering) -> int:
        return members.outside(made)


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    name = serializers.CharField(allow_blank=True, max_length=MOST_NAME)
    renamed = serializers.BooleanField(
        read_only=True, help_text=_("Whether a person has given the name.")
    )
    representative = serializers.SerializerMethodField(
        help_text=_("Its most typical documents, the first before all.")
    )
    terms = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text=_("Its distinctive words, the best first."),
    )
    parent = serializers.IntegerField(  # type: ignore[assignment]
        source="clustering.parent_id",
        read_only=True,
        allow_null=True,
        help_text=_("The cluster that it is a part of; null: of the collection."),
    )
    parts = serializers.IntegerField(
        read_only=True, help_text=_("How many clusters it is split into.")
    )
    url = serializers.SerializerMethodField()

    class Meta:
        model = Cluster
        fields = (
            "id",
            "collection",
            "name",
            "renamed",
            "terms",
            "size",
            "parent",
            "parts",
            "representative",
            "url",
        )
        read_only_fields = ("collection", "size")

    @extend_schema_field(DocumentLinkSerializer(many=True))
    def get_representative(self, cluster: Cluster) -> Any:
        found = [member.document for member in cluster.nearest]  # type: ignore[attr-defined]
        return DocumentLinkSerializer(found, many=True).data

    def get_url(self, cluster: Cluster) -> str:
        return reverse("cluster", args=[cluster.pk])


class ClusterPageSerializer(serializers.Serializer[Any]):
    """A page of clusters; `clustering` is null where none were ever asked for."""

    clustering = ClusteringSerializer(allow_null=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ClusterSerializer(many=True)


class MemberSerializer(serializers.Serializer[Any]):
    document = DocumentLinkSerializer()
    score = serializers.FloatField(help_text=_("The cosine with the middle of the cluster."))


class TimelineQuerySerializer(serializers.Serializer[Any]):
    by = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=300,
        help_text=_("A key of the metadata that holds dates; empty: when they were added."),
    )


class TimeSpanSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text=_("A month such as 2024-05, or a year."))
    count = serializers.IntegerField()
