"""The map of a collection: made, read as JSON or as one block of numbers, copied from."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from collections_app.models import Collection
from collections_app.throttles import SearchThrottle
from search_app import map_values, maps
from search_app.editing import editable
from search_app.packed_answers import packed_response
from search_app.serializers.maps import (
    CopiedSerializer,
    MapChoiceSerializer,
    MapCopySerializer,
    MapPageSerializer,
    MapSerializer,
    MapValuesSerializer,
    MapWishSerializer,
    PointPageSerializer,
    PointSerializer,
)

TAGS = ["map"]
BLOCK = {(200, "application/octet-stream"): OpenApiTypes.BINARY}


def _seen(request: Request, pk: int) -> Collection:
    rows = Collection.objects.visible_to(request.user).select_related("embedding_model")
    return get_object_or_404(rows, pk=pk)


def _asked(kind: type[MapChoiceSerializer] | type[MapValuesSerializer], data: Any) -> Any:
    wanted = kind(data=data)
    wanted.is_valid(raise_exception=True)
    return wanted.validated_data


class CollectionMapView(APIView):
    @extend_schema(
        operation_id="map_read",
        summary=_("How the map of a collection stands"),
        tags=TAGS,
        responses=MapSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        made = maps.map_of(request.user, _seen(request, pk))
        if made is None:
            raise NotFound(_("No map has been made of this collection. Its owner can make one."))
        return Response(MapSerializer(made).data)

    @extend_schema(
        operation_id="map_make",
        summary=_("Make the map of a collection anew"),
        description=_("In the background. New documents land on a map by themselves."),
        tags=TAGS,
        request=MapWishSerializer,
        responses={202: MapSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        home = editable(request.user, pk)
        wanted = MapWishSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        made = maps.request(home, wanted.validated_data["method"])
        return Response(MapSerializer(made).data, status.HTTP_202_ACCEPTED)


@extend_schema(
    operation_id="map_points",
    summary=_("List documents with their places on the map"),
    description=_("All, or those that a text and filters choose."),
    tags=TAGS,
    parameters=[MapPageSerializer],
    responses=PointPageSerializer,
)
@api_view(["GET"])
@throttle_classes([SearchThrottle])
def map_points(request: Request, pk: int) -> Response:
    collection, values = _seen(request, pk), _asked(MapPageSerializer, request.query_params)
    found = maps.chosen(
        request.user, collection, values["q"], values["filter"], values["limit"], values["offset"]
    )
    rows = PointSerializer(maps.rows(found.ids), many=True).data
    return Response({"total": found.total, "results": rows})


@extend_schema(
    operation_id="map_data",
    summary=_("Every point as one block of numbers"),
    description=_("As docs/exploring.md tells; with “name” the values of a field instead."),
    tags=TAGS,
    parameters=[MapValuesSerializer],
    responses=BLOCK,
)
@api_view(["GET"])
@throttle_classes([SearchThrottle])
def map_data(request: Request, pk: int) -> HttpResponse:
    collection, values = _seen(request, pk), _asked(MapValuesSerializer, request.query_params)
    if values["name"]:
        block = map_values.column(request.user, collection, values["name"], values["q"])
    else:
        block = maps.packed(request.user, collection)
    return packed_response(request._request, block)


class MapCopyView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="map_copy",
        summary=_("Make a collection of what is chosen on the map"),
        tags=TAGS,
        request=MapCopySerializer,
        responses={201: CopiedSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        collection, values = _seen(request, pk), _asked(MapCopySerializer, request.data)
        user = cast(User, request.user)
        made, result = maps.copy(user, collection, values["name"], values["q"], values["filter"])
        told = {"collection": made.pk, "documents": len(result.added)}
        return Response(told, status.HTTP_201_CREATED)
