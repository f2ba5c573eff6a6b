"""Clusters of a collection, and their members."""

from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, mixins, status, viewsets
from rest_framework.decorators import action, api_view
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from collections_app.models import Collection
from collections_app.pagination import ByIdPagination, ByScorePagination
from search_app import cluster_items as items
from search_app import cluster_times
from search_app import clusters as clustering
from search_app.clusters import typical
from search_app.models import Cluster
from search_app.serializers.clusters import (
    ClusteringSerializer,
    ClusterItemsSerializer,
    ClusterPageSerializer,
    ClusterSerializer,
    ItemsQuerySerializer,
    MemberSerializer,
    TimelineQuerySerializer,
    TimeSpanSerializer,
    WantedSerializer,
)

TAGS = ["clusters"]


class ByPlacePagination(ByIdPagination):
    """In the order of the page."""

    ordering = ("ordinal", "pk")


class ClusterList(generics.ListAPIView[Cluster]):
    """The clusters of a collection, or those that one of them is split into."""

    queryset = Cluster.objects.none()
    serializer_class = ClusterSerializer
    pagination_class = ByPlacePagination

    def listed(self, collection: Collection, parent: Cluster | None = None) -> Response:
        user = self.request.user
        made = clustering.clustering(user, collection, parent)
        rows = typical(clustering.clusters(user, collection, parent))
        answer = self.get_paginated_response(
            ClusterSerializer(self.paginate_queryset(rows), many=True).data
        )
        state = ClusteringSerializer(made).data if made else None
        answer.data = {"clustering": state, **answer.data}
        return answer

    def asked(self, collection: Collection, parent: Cluster | None = None) -> Response:
        wanted = WantedSerializer(data=self.request.data)
        wanted.is_valid(raise_exception=True)
        made = clustering.request(collection, **wanted.validated_data, parent=parent)
        return Response(ClusteringSerializer(made).data, status.HTTP_202_ACCEPTED)


class CollectionClusters(ClusterList):
    @extend_schema(
        operation_id="clusters_list",
        summary=_("List the clusters of a collection"),
        description=_("In their order, and how their making stands."),
        tags=TAGS,
        responses=forced_singular_serializer(ClusterPageSerializer),  # type: ignore[no-untyped-call]
    )
    def get(self, request: Request, pk: int) -> Response:
        collection = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
        return self.listed(collection)

    @extend_schema(
        operation_id="clusters_make",
        summary=_("Make the clusters of a collection anew"),
        description=_(
            "In the background: ask the list how it stands. The new clusters begin where the former"
            " ones were and go on under their ids and names, unless “afresh” is true."
        ),
        tags=TAGS,
        request=WantedSerializer,
        responses={202: ClusteringSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        collection = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
        return self.asked(collection)


@extend_schema(
    operation_id="clusters_items",
    summary=_("The clusters of a collection with the contents of their documents"),
    description=_("In the shape of the llm-cluster plugin, the most typical documents first."),
    tags=TAGS,
    parameters=[ItemsQuerySerializer],
    responses=ClusterItemsSerializer(many=True),
)
@api_view(["GET"])
def cluster_items(request: Request, pk: int) -> StreamingHttpResponse:
    collection = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    return _items(request, collection)


def _items(
    request: Request, collection: Collection, parent: Cluster | None = None
) -> StreamingHttpResponse:
    wanted = ItemsQuerySerializer(data=request.query_params)
    wanted.is_valid(raise_exception=True)
    length, summary = wanted.validated_data["content_length"], wanted.validated_data["summary"]
    pieces = items.pieces(request.user, collection, parent, length=length, summary=summary)
    return StreamingHttpResponse(pieces, content_type="application/json")


def _cluster(request: Request, pk: int) -> Cluster:
    """Of a collection that one may see, or may edit to change it."""
    user, reads = request.user, request.method in SAFE_METHODS
    of_user = Collection.objects.visible_to if reads else Collection.objects.editable_by
    rows = Cluster.objects.filter(collection__in=of_user(user)).defer("centroid")
    return get_object_or_404(rows.select_related("clustering", "collection"), pk=pk)


class ClusterParts(ClusterList):
    @extend_schema(
        operation_id="clusters_parts",
        summary=_("List the clusters that a cluster is split into"),
        description=_("In their order, and how their making stands."),
        tags=TAGS,
        responses=forced_singular_serializer(ClusterPageSerializer),  # type: ignore[no-untyped-call]
    )
    def get(self, request: Request, pk: int) -> Response:
        found = _cluster(request, pk)
        return self.listed(found.collection, found)

    @extend_schema(
        operation_id="clusters_split",
        summary=_("Split a cluster"),
        description=_(
            "Into clusters of its own documents, in the background: ask the list how it stands."
            " Split again, they go on under their ids and names, unless “afresh” is true."
        ),
        tags=TAGS,
        request=WantedSerializer,
        responses={202: ClusteringSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        found = _cluster(request, pk)
        return self.asked(found.collection, found)

    @extend_schema(
        operation_id="clusters_unsplit",
        summary=_("Remove what a cluster is split into"),
        description=_("However deep; its documents stay in it."),
        tags=TAGS,
        responses={204: None},
    )
    def delete(self, request: Request, pk: int) -> Response:
        clustering.unsplit(_cluster(request, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(
    operation_id="clusters_parts_items",
    summary=_("The clusters that a cluster is split into, with the contents of their documents"),
    description=_("In the shape of the llm-cluster plugin, the most typical documents first."),
    tags=TAGS,
    parameters=[ItemsQuerySerializer],
    responses=ClusterItemsSerializer(many=True),
)
@api_view(["GET"])
def cluster_part_items(request: Request, pk: int) -> StreamingHttpResponse:
    found = _cluster(request, pk)
    return _items(request, found.collection, found)


@extend_schema_view(
    retrieve=extend_schema(operation_id="clusters_read", summary=_("Show a cluster"), tags=TAGS),
    partial_update=extend_schema(
        operation_id="clusters_rename",
        summary=_("Name a cluster"),
        description=_("An empty name gives back the one by its words."),
        tags=TAGS,
    ),
)
class ClusterViewSet(
    mixins.RetrieveModelMixin, mixins.UpdateModelMixin, viewsets.GenericViewSet[Cluster]
):
    queryset = Cluster.objects.none()
    serializer_class = ClusterSerializer
    lookup_value_converter = "int"
    http_method_names = ["get", "head", "options", "patch"]

    def get_queryset(self) -> QuerySet[Cluster]:
        user = self.request.user
        reads = self.request.method in SAFE_METHODS
        collections = (
            Collection.objects.visible_to(user) if reads else Collection.objects.editable_by(user)
        )
        return typical(Cluster.objects.filter(collection__in=collections).defer("centroid"))

    def perform_update(self, serializer: BaseSerializer[Cluster]) -> None:
        assert serializer.instance is not None
        name = serializer.validated_data.get("name")
        if name is not None:
            clustering.rename(serializer.instance, name)

    @extend_schema(
        operation_id="clusters_timeline",
        summary=_("How many documents of a cluster are of each month"),
        description=_(
            "By when they were added, or with “by” by a date of their metadata. More than ten years"
            " are counted by the year."
        ),
        tags=TAGS,
        parameters=[TimelineQuerySerializer],
        responses=TimeSpanSerializer(many=True),
    )
    @action(detail=True, pagination_class=None)
    def timeline(self, request: Request, pk: int) -> Response:
        wanted = TimelineQuerySerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        found = cluster_times.timeline(self.get_object(), wanted.validated_data["by"])
        return Response(TimeSpanSerializer(found, many=True).data)

    @extend_schema(
        operation_id="clusters_members",
        summary=_("List the documents of a cluster"),
        description=_("The most typical first."),
        tags=TAGS,
        responses=MemberSerializer(many=True),
    )
    @action(detail=True, pagination_class=ByScorePagination)
    def members(self, request: Request, pk: int) -> Response:
        rows: QuerySet[Any] = clustering.members(request.user, self.get_object())
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(MemberSerializer(page, many=True).data)
