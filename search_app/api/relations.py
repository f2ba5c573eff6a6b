"""Related documents, and the closest pairs of a collection."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.models import Collection, Document, long_columns
from search_app import near_passages, reasons
from search_app import related as relations
from search_app.serializers.relations import (
    GroupSerializer,
    LimitSerializer,
    PairLimitSerializer,
    PairSerializer,
    PassagesQuerySerializer,
    PassageWithNearSerializer,
    RelatedSerializer,
)

TAGS = ["related"]
PASSAGES = 10  # in one answer: each is compared with the whole collection


@extend_schema(
    operation_id="documents_related",
    summary=_("List a document's related documents"),
    description=_("The stored list, best first; empty where nothing is related."),
    tags=TAGS,
    parameters=[LimitSerializer],
    responses=RelatedSerializer(many=True),
)
@api_view(["GET"])
def related(request: Request, pk: int) -> Response:
    documents = Document.objects.visible_to(request.user).select_related("collection")
    document = get_object_or_404(documents, pk=pk)
    wanted = LimitSerializer(data=request.query_params)
    wanted.is_valid(raise_exception=True)
    found = relations.related(document, request.user, wanted.validated_data["n"])
    reasons.give(document, found)
    return Response(RelatedSerializer(found, many=True).data)


@extend_schema(
    operation_id="collections_pairs",
    summary=_("List the most related pairs of a collection"),
    description=_("Each pair once, best first."),
    tags=TAGS,
    parameters=[PairLimitSerializer],
    responses=PairSerializer(many=True),
)
@api_view(["GET"])
def pairs(request: Request, pk: int) -> Response:
    collection = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    wanted = PairLimitSerializer(data=request.query_params)
    wanted.is_valid(raise_exception=True)
    found = relations.most_related(request.user, collection, wanted.validated_data["n"])
    return Response(PairSerializer(found, many=True).data)


@extend_schema(
    operation_id="documents_related_passages",
    summary=_("List the passages of other documents that are near those of a document"),
    description=_("Ten passages of the document from `ordinal` on, `n` related ones of each."),
    tags=TAGS,
    parameters=[PassagesQuerySerializer],
    responses=PassageWithNearSerializer(many=True),
)
@api_view(["GET"])
def related_passages(request: Request, pk: int) -> Response:
    documents = Document.objects.visible_to(request.user).select_related("collection")
    document = get_object_or_404(documents.defer(*long_columns()), pk=pk)
    wanted = PassagesQuerySerializer(data=request.query_params)
    wanted.is_valid(raise_exception=True)
    rows = document.active_passages().filter(ordinal__gte=wanted.validated_data["ordinal"])
    found = near_passages.related_passages(
        document, list(rows.order_by("ordinal")[:PASSAGES]), wanted.validated_data["n"]
    )
    return Response(PassageWithNearSerializer(found, many=True).data)


@extend_schema(
    operation_id="collections_near_duplicates",
    summary=_("List groups of documents that are nearly the same"),
    description=_("The largest group first; in each the oldest document first."),
    tags=TAGS,
    parameters=[PairLimitSerializer],
    responses=GroupSerializer(many=True),
)
@api_view(["GET"])
def near_duplicates(request: Request, pk: int) -> Response:
    collection = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    wanted = PairLimitSerializer(data=request.query_params)
    wanted.is_valid(raise_exception=True)
    found = relations.near_duplicates(request.user, collection, wanted.validated_data["n"])
    return Response(GroupSerializer(found, many=True).data)
