"""Changing the embedding model of a collection, and jobs on its index: for its editors."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from collections_app import changes
from collections_app.models import Collection, EmbeddingModel, ModelChange
from collections_app.services.changing import act_on_change, change_model
from collections_app.wake import call_on_commit
from search_app import comparing, upkeep
from search_app.editing import editable
from search_app.models import Upkeep
from search_app.serializers.changing import (
    ChangeActionSerializer,
    CollectionModelSerializer,
    EstimateSerializer,
    NextModelSerializer,
    PlaceSerializer,
    UpkeepSerializer,
)
from search_app.tasks import run_upkeep

TAGS = ["model change"]


class ModelChangeView(APIView):
    @extend_schema(
        operation_id="model_change_read",
        summary=_("The model of a collection and its change"),
        description=_("The change that is open, or the last one, with its progress."),
        tags=TAGS,
        responses=CollectionModelSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(_told(editable(request.user, pk)))

    @extend_schema(
        operation_id="model_change_begin",
        summary=_("Begin to change the model of a collection"),
        description=_("Search stays as it is until you switch."),
        tags=TAGS,
        request=NextModelSerializer,
        responses={202: CollectionModelSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        collection = editable(request.user, pk)
        wanted = NextModelSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        change_model(collection, wanted.validated_data["model"], cast(User, request.user))
        return Response(_told(collection), status.HTTP_202_ACCEPTED)


@extend_schema(
    operation_id="model_change_act",
    summary=_("Switch, roll back, cancel, drop or retry a change"),
    tags=TAGS,
    request=ChangeActionSerializer,
    responses=CollectionModelSerializer,
)
@api_view(["POST"])
def model_change_act(request: Request, pk: int, action: str) -> Response:
    collection = editable(request.user, pk)
    wanted = ChangeActionSerializer(data=request.data)
    wanted.is_valid(raise_exception=True)
    change = ModelChange.objects.open().filter(collection=collection).first()
    if change is None:
        raise NotFound(_("No change of model is open here. Begin one first."))
    act_on_change(change, action, **wanted.validated_data)
    return Response(_told(editable(request.user, pk)))


@extend_schema(
    operation_id="model_change_estimate",
    summary=_("What a change to a model would take"),
    tags=TAGS,
    parameters=[OpenApiParameter("model", str, required=True)],
    responses=EstimateSerializer,
)
@api_view()
def model_change_estimate(request: Request, pk: int) -> Response:
    collection = editable(request.user, pk)
    name = request.query_params.get("model", "")
    model = get_object_or_404(EmbeddingModel.objects.called(name))
    return Response(EstimateSerializer(changes.estimate(collection, model)).data)


@extend_schema(
    operation_id="model_change_compare",
    summary=_("What both models of a change find for a query"),
    tags=TAGS,
    parameters=[OpenApiParameter("q", str, required=True)],
    responses=PlaceSerializer(many=True),
)
@api_view()
def model_change_compare(request: Request, pk: int) -> Response:
    collection = editable(request.user, pk)
    rows = ModelChange.objects.kept_up().select_related("old", "new", "collection")
    change = rows.filter(collection=collection).first()
    if change is None:
        raise NotFound(_("No change of model is open here. Begin one first."))
    places = comparing.compare(request.user, change, request.query_params.get("q", ""))
    return Response(PlaceSerializer(places, many=True).data)


class UpkeepView(APIView):
    @extend_schema(
        operation_id="upkeep_list",
        summary=_("The last jobs on the index of a collection, newest first"),
        tags=TAGS,
        responses=UpkeepSerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        rows = Upkeep.objects.filter(collection=editable(request.user, pk))[: upkeep.KEPT]
        return Response(UpkeepSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="upkeep_request",
        summary=_("Verify, repair, rebuild, or measure the recall"),
        tags=TAGS,
        request=UpkeepSerializer,
        responses={202: UpkeepSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        collection = editable(request.user, pk)
        wanted = UpkeepSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        row = upkeep.request(collection, wanted.validated_data["job"])
        call_on_commit(run_upkeep, row.pk)
        return Response(UpkeepSerializer(row).data, status.HTTP_202_ACCEPTED)


def _told(collection: Collection) -> dict[str, Any]:
    rows = collection.model_changes.select_related("old", "new", "beside", "collection")
    change = rows.open().first() or rows.first()
    told = {
        "embedding_model": collection.embedding_model.name,
        "spent": changes.spent(collection),
        "change": change,
        "progress": changes.progress(change) if change and change.is_open else None,
    }
    return dict(CollectionModelSerializer(told).data)
