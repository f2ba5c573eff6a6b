"""Typed SQL, and kept queries by their slugs."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.decorators import action, api_view, permission_classes, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from collections_app.throttles import EmbedThrottle
from collections_app.tokens import SignedInAsksPermission, SignedInPermission
from search_app import sql as queries
from search_app.models import SavedQuery
from search_app.serializers.sql import (
    ParametersSerializer,
    RowsSerializer,
    SavedQuerySerializer,
    SqlSerializer,
)

TAGS = ["sql"]


@extend_schema(
    operation_id="sql",
    summary=_("Run a query in SQL"),
    description=_("Over what one may see: one SELECT, one second, a thousand rows. Log in."),
    tags=TAGS,
    request=SqlSerializer,
    responses=RowsSerializer,
)
@api_view(["POST"])
@permission_classes([SignedInAsksPermission])
@throttle_classes([EmbedThrottle])
def sql(request: Request) -> Response:
    wanted = SqlSerializer(data=request.data)
    wanted.is_valid(raise_exception=True)
    values = wanted.validated_data
    user = cast(User, request.user)
    answer = queries.run(user, values["sql"], values["parameters"], values["model"])
    return Response(RowsSerializer(answer).data)


@extend_schema_view(
    list=extend_schema(
        operation_id="sql_queries_list", summary=_("List one's own and public queries"), tags=TAGS
    ),
    create=extend_schema(operation_id="sql_queries_save", summary=_("Save a query"), tags=TAGS),
    retrieve=extend_schema(
        operation_id="sql_queries_read", summary=_("Show a saved query"), tags=TAGS
    ),
    partial_update=extend_schema(
        operation_id="sql_queries_edit", summary=_("Change a saved query"), tags=TAGS
    ),
    destroy=extend_schema(
        operation_id="sql_queries_delete", summary=_("Delete a saved query"), tags=TAGS
    ),
)
class SavedQueryViewSet(viewsets.ModelViewSet[SavedQuery]):
    queryset = SavedQuery.objects.none()
    serializer_class = SavedQuerySerializer
    permission_classes = [SignedInPermission]
    lookup_field = "slug"
    lookup_value_converter = "slug"
    http_method_names = ["get", "head", "options", "post", "patch", "delete"]

    def get_queryset(self) -> QuerySet[SavedQuery]:
        user = self.request.user
        if self.action in ("partial_update", "destroy"):
            return SavedQuery.objects.editable_by(user)
        if self.action == "list":
            return SavedQuery.objects.visible_to(user)
        return SavedQuery.objects.reachable_by(user)

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        serializer.save(owner=self.request.user)

    @extend_schema(
        operation_id="sql_queries_run",
        summary=_("Run a saved query"),
        description=_("Over what one may see oneself."),
        tags=TAGS,
        request=ParametersSerializer,
        responses=RowsSerializer,
    )
    @action(
        detail=True,
        methods=["post"],
        permission_classes=[SignedInAsksPermission],
        throttle_classes=[EmbedThrottle],
    )
    def run(self, request: Request, slug: str) -> Response:
        wanted = ParametersSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        answer = queries.run(
            cast(User, request.user), self.get_object().sql, values["parameters"], values["model"]
        )
        return Response(RowsSerializer(answer).data)
