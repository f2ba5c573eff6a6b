"""Judged queries of a collection: written, imported, exported."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, mixins, status, viewsets
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.models import Collection
from search_app import quality
from search_app.editing import editable
from search_app.evaluation import formats, importing, judging
from search_app.models import JudgedQuery, Judgement
from search_app.serializers.quality import (
    FormSerializer,
    ImportedSerializer,
    JudgedFilesSerializer,
    JudgedQuerySerializer,
    WholeQuerySerializer,
    WrittenQuerySerializer,
)

TAGS = ["quality"]
KEYS = ("queries", "qrels")
THERE = Prefetch("judgements", Judgement.objects.there())  # deleted documents are not named
ZIP = (200, "application/zip")


def _seen(request: Request, pk: int) -> Collection:
    return get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)


def _write(
    request: Request, collection: Collection, owner: User, query: JudgedQuery | None
) -> dict[str, Any]:
    """The judged query that was sent, as it was written."""
    sent = WrittenQuerySerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    values = sent.validated_data
    grades = {one["external_id"]: one["grade"] for one in values["judgements"]}
    made = judging.write(
        collection,
        owner,
        values["text"],
        grades,
        shared=values["shared"],
        accepted=collection.is_editable_by(request.user),
        query=query,
    )
    row = quality.judged(request.user, collection).prefetch_related(THERE).get(pk=made.pk)
    return WholeQuerySerializer(row, context={"request": request}).data


class CollectionJudgedQueries(generics.ListAPIView[JudgedQuery]):
    queryset = JudgedQuery.objects.none()
    serializer_class = JudgedQuerySerializer

    @extend_schema(
        operation_id="judged_queries_list",
        summary=_("List the judged queries of a collection"),
        description=_("Your own, and the shared ones if you may edit it."),
        tags=TAGS,
    )
    def get(self, request: Request, pk: int) -> Response:
        rows = quality.judged(request.user, _seen(request, pk))
        page = self.paginate_queryset(rows)
        written = JudgedQuerySerializer(page, many=True, context={"request": request})
        return self.get_paginated_response(written.data)

    @extend_schema(
        operation_id="judged_queries_create",
        summary=_("Judge a query"),
        description=_("Documents are named by their ids in the collection."),
        tags=TAGS,
        request=WrittenQuerySerializer,
        responses={201: WholeQuerySerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        written = _write(request, _seen(request, pk), cast(User, request.user), None)
        return Response(written, status.HTTP_201_CREATED)


@extend_schema_view(
    retrieve=extend_schema(
        operation_id="judged_queries_read", summary=_("Show a judged query"), tags=TAGS
    ),
    destroy=extend_schema(
        operation_id="judged_queries_delete", summary=_("Delete a judged query"), tags=TAGS
    ),
)
class JudgedQueryViewSet(
    mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[JudgedQuery]
):
    queryset = JudgedQuery.objects.none()
    serializer_class = WholeQuerySerializer
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[JudgedQuery]:
        rows = JudgedQuery.objects.visible_to(self.request.user).select_related("collection")
        return rows.prefetch_related(THERE).with_count()

    @extend_schema(
        operation_id="judged_queries_write",
        summary=_("Write a judged query anew"),
        description=_(
            "What is sent takes the place of its text and its judgements. Written by someone who"
            " may edit the collection, it is accepted, and counts where it is shared."
        ),
        tags=TAGS,
        request=WrittenQuerySerializer,
    )
    def update(self, request: Request, pk: int) -> Response:
        query = self.get_object()
        return Response(_write(request, query.collection, query.owner, query))


@extend_schema(
    operation_id="judged_queries_import",
    summary=_("Import judged queries"),
    description=_("In the forms of BEIR and TREC. Lines that make no sense are told."),
    tags=TAGS,
    request=JudgedFilesSerializer,
    responses=ImportedSerializer,
)
@api_view(["POST"])
def judged_import(request: Request, pk: int) -> Response:
    collection = editable(request.user, pk)
    sent = JudgedFilesSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    queries, judged = (importing.File(name, sent.validated_data[name]) for name in KEYS)
    done = importing.bring_in(
        collection, cast(User, request.user), queries, judged, shared=sent.validated_data["shared"]
    )
    told = vars(done) | {"problems": [str(one) for one in done.problems]}
    return Response(ImportedSerializer(told).data)


@extend_schema(
    operation_id="judged_queries_export",
    summary=_("Export judged queries"),
    description=_("A ZIP file in the form of BEIR or TREC, as the import takes it."),
    tags=TAGS,
    parameters=[FormSerializer],
    responses={ZIP: OpenApiTypes.BINARY},
)
@api_view(["GET"])
def judged_export(request: Request, pk: int) -> HttpResponse:
    wanted = FormSerializer(data=request.query_params)
    wanted.is_valid(raise_exception=True)
    collection, form = editable(request.user, pk), wanted.validated_data["form"]
    queries = importing.written(quality.judged(request.user, collection))
    written = formats.trec(queries) if form == "trec" else formats.beir(queries)
    name = f'attachment; filename="judged-{form}.zip"'
    return HttpResponse(
        written, content_type="application/zip", headers={"Content-Disposition": name}
    )
