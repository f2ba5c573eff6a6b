"""Search, and plain similarity within a collection."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.models import Collection, long_columns
from collections_app.throttles import SearchThrottle
from search_app import missing
from search_app import search as searching
from search_app.serializers.hits import ResultsSerializer, SimilarSerializer
from search_app.serializers.missing import MissingSerializer, WhyNotQuerySerializer
from search_app.serializers.searching import SearchQuerySerializer, SimilarQuerySerializer

TAGS = ["search"]
_RESULTS = ResultsSerializer()  # made once: to put its forty fields together takes milliseconds


@extend_schema(
    operation_id="search",
    summary=_("Search by meaning and by words"),
    description=_("Documents by their best passage, best first, from all that one may see."),
    tags=TAGS,
    parameters=[SearchQuerySerializer],
    responses=ResultsSerializer,
)
@api_view(["GET"])
@throttle_classes([SearchThrottle])
def search(request: Request) -> Response:
    wanted = SearchQuerySerializer(data=request.query_params, context={"request": request})
    wanted.is_valid(raise_exception=True)
    values = wanted.validated_data
    results = searching.search(
        request.user,
        values["q"],
        collection=values["collection"],
        limit=values["limit"],
        offset=values["offset"],
        wanted=values["filter"],
        sort=values["sort"],
        balance=values["balance"],
        fold=values["fold"],
        rerank=values["rerank"],
        with_facets=values["facets"],
    )
    return Response(_RESULTS.to_representation(results))


@extend_schema(
    operation_id="search_why_not",
    summary=_("Tell why a document is not found"),
    description=_("The stage of the search that lost it, with what it was measured by."),
    tags=TAGS,
    parameters=[WhyNotQuerySerializer],
    responses=MissingSerializer,
)
@api_view(["GET"])
@throttle_classes([SearchThrottle])
def why_not(request: Request) -> Response:
    wanted = WhyNotQuerySerializer(data=request.query_params, context={"request": request})
    wanted.is_valid(raise_exception=True)
    values = wanted.validated_data
    document = missing.find(request.user, values["document"], values["collection"])
    if document is None:
        raise NotFound(_("There is no such document."))
    answer = missing.why_not(
        request.user,
        values["q"],
        document,
        collection=values["collection"],
        wanted=values["filter"],
        sort=values["sort"],
        balance=values["balance"],
        fold=values["fold"],
        rerank=values["rerank"],
    )
    return Response(MissingSerializer(answer).data)


@extend_schema(
    operation_id="collections_similar",
    summary=_("Find documents similar to a text or a document"),
    description=_("By cosine alone, within one collection. A document itself is left out."),
    tags=TAGS,
    parameters=[SimilarQuerySerializer],
    responses=SimilarSerializer(many=True),
)
@api_view(["GET"])
@throttle_classes([SearchThrottle])
def similar(request: Request, pk: int) -> Response:
    collection = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    documents = collection.documents.defer(*long_columns())
    wanted = SimilarQuerySerializer(data=request.query_params, context={"documents": documents})
    wanted.is_valid(raise_exception=True)
    values = wanted.validated_data
    found = searching.similar(
        request.user,
        collection,
        text=values.get("q"),
        document=values.get("document"),
        prefix=values["prefix"],
        metadata=values["metadata"],
        limit=values["n"],
    )
    return Response(SimilarSerializer(found, many=True).data)
