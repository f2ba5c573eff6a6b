"""Clusters named by a chat model."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.models import Collection
from collections_app.throttles import AskThrottle
from collections_app.tokens import SignedInPermission
from rag_app.answer import cluster_names as naming
from search_app.models import Cluster


class NamingSerializer(serializers.Serializer[Any]):
    chat = serializers.CharField(
        default="", allow_blank=True, max_length=200, help_text=_("The site's default if left out.")
    )
    prompt = serializers.CharField(default="", allow_blank=True, max_length=naming.MOST_PROMPT)
    truncate = serializers.IntegerField(
        default=naming.TRUNCATE,
        min_value=1,
        max_value=naming.MOST_TRUNCATE,
        help_text=_("Characters of each document that the chat model sees."),
    )
    after = serializers.IntegerField(
        default=-1, min_value=-1, help_text=_("Go on behind the cluster of this ordinal.")
    )


class NamedClusterSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    ordinal = serializers.IntegerField()
    name = serializers.CharField()


class NamedSerializer(serializers.Serializer[Any]):
    """`kept` have names given by hand, `left` were not reached; `problem` says why it ended."""

    named = NamedClusterSerializer(many=True)
    kept = NamedClusterSerializer(many=True)
    left = NamedClusterSerializer(many=True)
    problem = serializers.CharField(allow_blank=True)


@extend_schema(
    operation_id="clusters_names",
    summary=_("Have a chat model name the clusters"),
    description=_(
        "As many as there is time for in one request; go on with “after” for those that are left."
    ),
    tags=["clusters"],
    request=NamingSerializer,
    responses=NamedSerializer,
)
@api_view(["POST"])
@permission_classes([SignedInPermission])
@throttle_classes([AskThrottle])
def cluster_names(request: Request, pk: int) -> Response:
    return _named(request, get_object_or_404(Collection.objects.editable_by(request.user), pk=pk))


@extend_schema(
    operation_id="clusters_parts_names",
    summary=_("Have a chat model name the clusters that a cluster is split into"),
    description=_(
        "As many as there is time for in one request; go on with “after” for those that are left."
    ),
    tags=["clusters"],
    request=NamingSerializer,
    responses=NamedSerializer,
)
@api_view(["POST"])
@permission_classes([SignedInPermission])
@throttle_classes([AskThrottle])
def cluster_part_names(request: Request, pk: int) -> Response:
    rows = Cluster.objects.filter(collection__in=Collection.objects.editable_by(request.user))
    parent = get_object_or_404(rows.select_related("collection").defer("centroid"), pk=pk)
    return _named(request, parent.collection, parent)


def _named(request: Request, collection: Collection, parent: Cluster | None = None) -> Response:
    wanted = NamingSerializer(data=request.data)
    wanted.is_valid(raise_exception=True)
    done = naming.name_clusters(
        collection, **wanted.validated_data, parent=parent, seconds=naming.SECONDS
    )
    return Response(NamedSerializer(done).data)
