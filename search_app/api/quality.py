"""Evaluations over judged queries, and the weights they lead to."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, mixins, status, viewsets
from rest_framework.decorators import action, api_view
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.models import Collection
from search_app import quality
from search_app.editing import editable
from search_app.evaluation import weighing
from search_app.models import Evaluation
from search_app.serializers.quality import (
    EvaluationSerializer,
    WantedEvaluationSerializer,
    WeightsSerializer,
    WholeEvaluationSerializer,
)

TAGS = ["quality"]


def _user(request: Request) -> User:
    """Who may edit a collection has an account."""
    return cast(User, request.user)


class CollectionEvaluations(generics.ListAPIView[Evaluation]):
    queryset = Evaluation.objects.none()
    serializer_class = EvaluationSerializer

    @extend_schema(
        operation_id="evaluations_list",
        summary=_("List the evaluations of a collection"),
        description=_("The newest first. For those who may edit it."),
        tags=TAGS,
    )
    def get(self, request: Request, pk: int) -> Response:
        rows = quality.evaluations(request.user, editable(request.user, pk))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(EvaluationSerializer(page, many=True).data)

    @extend_schema(
        operation_id="evaluations_run",
        summary=_("Run the judged queries"),
        description=_("Measure, compare two settings, or tune. In the background: ask how it is."),
        tags=TAGS,
        request=WantedEvaluationSerializer,
        responses={202: EvaluationSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        collection = editable(request.user, pk)
        wanted = WantedEvaluationSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        made = quality.request(collection, _user(request), **wanted.validated_data)
        return Response(EvaluationSerializer(made).data, status.HTTP_202_ACCEPTED)


@extend_schema_view(
    retrieve=extend_schema(
        operation_id="evaluations_read", summary=_("Show an evaluation"), tags=TAGS
    )
)
class EvaluationViewSet(mixins.RetrieveModelMixin, viewsets.GenericViewSet[Evaluation]):
    queryset = Evaluation.objects.none()
    serializer_class = WholeEvaluationSerializer
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Evaluation]:
        rows = Evaluation.objects.visible_to(self.request.user)
        return rows.select_related("collection__embedding_model")

    @extend_schema(
        operation_id="evaluations_apply",
        summary=_("Rank by the weights that an evaluation found"),
        description=_("By those tuned, or the second ones of a comparison."),
        tags=TAGS,
        request=None,
        responses=WeightsSerializer,
    )
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: int) -> Response:
        found = self.get_object()
        quality.apply(found)
        return Response(_weights(found.collection))

    @extend_schema(
        operation_id="evaluations_cancel",
        summary=_("Cancel an evaluation that waits or is being done"),
        tags=TAGS,
        request=None,
        responses=EvaluationSerializer,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        found = self.get_object()
        quality.cancel(found)
        found.refresh_from_db()
        return Response(EvaluationSerializer(found).data)

    @extend_schema(
        operation_id="evaluations_accept",
        summary=_("Accept what a run that fell has found"),
        description=_("Later runs are compared with this one."),
        tags=TAGS,
        request=None,
        responses=EvaluationSerializer,
    )
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: int) -> Response:
        found = self.get_object()
        quality.accept(found)
        found.refresh_from_db()
        return Response(EvaluationSerializer(found).data)


@extend_schema(
    operation_id="weights_read",
    summary=_("Show the weights of a collection"),
    tags=TAGS,
    responses=WeightsSerializer,
)
@api_view(["GET"])
def weights(request: Request, pk: int) -> Response:
    return Response(_weights(editable(request.user, pk)))


@extend_schema(
    operation_id="weights_revert",
    summary=_("Go back to the weights before the last change"),
    tags=TAGS,
    request=None,
    responses=WeightsSerializer,
)
@api_view(["POST"])
def weights_revert(request: Request, pk: int) -> Response:
    collection = editable(request.user, pk)
    weighing.revert(collection)
    return Response(_weights(collection))


def _weights(collection: Collection) -> dict[str, Any]:
    own = weighing.own(collection)
    return {
        "in_force": weighing.in_force(collection).to_json(),
        "own": own is not None,
        "former": own.former if own else {},
    }
