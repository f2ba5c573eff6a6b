"""Clusters of a collection, and their members."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.models import Collection
from collections_app.pagination import ByIdPagination, ByScorePagination
from search_app import clusters as clustering
from search_app.models import Cluster
from search_app.serializers.clusters import (
    ClusteringSerializer,
    ClusterPageSerializer,
    ClusterSerializer,
    MemberSerializer,
    WantedSerializer,
)

TAGS = ["clusters"]


class BySizePagination(ByIdPagination):
    """Largest first."""

    ordering = ("-size", "ordinal", "pk")


class CollectionClusters(generics.ListAPIView[Cluster]):
    queryset = Cluster.objects.none()
    serializer_class = ClusterSerializer
    pagination_class = BySizePagination

    @extend_schema(
        operation_id="clusters_list",
        summary=_("List the clusters of a collection"),
        description=_("Largest first, and how their making stands."),
        tags=TAGS,
        responses=forced_singular_serializer(ClusterPageSerializer),  # type: ignore[no-untyped-call]
    )
    def get(self, request: Request, pk: int) -> Response:
        collection = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
        made = clustering.clustering(request.user, collection)
        rows = clustering.clusters(request.user, collection).defer("centroid")
        answer = self.get_paginated_response(
            ClusterSerializer(self.paginate_queryset(rows), many=True).data
        )
        state = ClusteringSerializer(made).data if made else None
        answer.data = {"clustering": state, **answer.data}
        return answer

    @extend_schema(
        operation_id="clusters_make",
        summary=_("Make the clusters of a collection anew"),
        description=_("In the background: ask the list how it stands."),
        tags=TAGS,
        request=WantedSerializer,
        responses={202: ClusteringSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        collection = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
        wanted = WantedSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        made = clustering.request(collection, wanted.validated_data["wanted"])
        return Response(ClusteringSerializer(made).data, status.HTTP_202_ACCEPTED)


@extend_schema_view(
    retrieve=extend_schema(operation_id="clusters_read", summary=_("Show a cluster"), tags=TAGS)
)
class ClusterViewSet(mixins.RetrieveModelMixin, viewsets.GenericViewSet[Cluster]):
    queryset = Cluster.objects.none()
    serializer_class = ClusterSerializer
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Cluster]:
        visible = Collection.objects.visible_to(self.request.user)
        return Cluster.objects.filter(collection__in=visible).defer("centroid")

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
