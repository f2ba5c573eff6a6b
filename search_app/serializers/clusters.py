"""Clusters, their members, and how their making stands."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from search_app.clusters import MAX_CLUSTERS
from search_app.models import Cluster, Clustering
from search_app.serializers.hits import DocumentLinkSerializer


class WantedSerializer(serializers.Serializer[Any]):
    wanted = serializers.IntegerField(
        min_value=1,
        max_value=MAX_CLUSTERS,
        allow_null=True,
        default=None,
        help_text=_("How many; null lets the documents decide."),
    )


class ClusteringSerializer(serializers.ModelSerializer[Clustering]):
    """`silhouette`: 1 where clusters lie far apart, 0 where they overlap."""

    class Meta:
        model = Clustering
        fields = ("state", "wanted", "silhouette", "error", "requested", "built")


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    terms = serializers.ListField(
        child=serializers.CharField(), help_text=_("Its distinctive words, the best first.")
    )
    url = serializers.SerializerMethodField()

    class Meta:
        model = Cluster
        fields = ("id", "collection", "name", "terms", "size", "url")

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
