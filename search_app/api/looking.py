"""The vector of a document or passage, and how near two things are."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, permission_classes, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app import services
from collections_app.models import Document
from collections_app.throttles import EmbedThrottle
from collections_app.tokens import SignedInAsksPermission
from search_app import looking
from search_app.serializers.looking import (
    CompareSerializer,
    ComparisonSerializer,
    VectorQuerySerializer,
    VectorSerializer,
)


@extend_schema(
    operation_id="documents_vector",
    summary=_("Show the vector of a document or passage"),
    description=_("As numbers, base64 and hex, with its norms and its nearest neighbours."),
    tags=["documents"],
    parameters=[VectorQuerySerializer],
    responses=VectorSerializer,
)
@api_view(["GET"])
def vector(request: Request, pk: int) -> Response:
    rows = Document.objects.visible_to(request.user).select_related("collection__embedding_model")
    document = get_object_or_404(rows, pk=pk)
    wanted = VectorQuerySerializer(data=request.query_params)
    wanted.is_valid(raise_exception=True)
    ordinal = wanted.validated_data.get("passage")
    if ordinal is None:
        seen = looking.of_document(request.user, document)
    else:
        seen = looking.of_passage(get_object_or_404(document.active_passages(), ordinal=ordinal))
    return Response(VectorSerializer(seen).data)


@extend_schema(
    operation_id="compare",
    summary=_("Compare two texts, two documents, or a text and a document"),
    description=_("By cosine. Documents decide the model; for two texts it may be named."),
    tags=["embedding"],
    request=CompareSerializer,
    responses=ComparisonSerializer,
)
@api_view(["POST"])
@permission_classes([SignedInAsksPermission])
@throttle_classes([EmbedThrottle])
def compare(request: Request) -> Response:
    rows = Document.objects.visible_to(request.user).select_related("collection__embedding_model")
    wanted = CompareSerializer(data=request.data, context={"documents": rows})
    wanted.is_valid(raise_exception=True)
    values: dict[str, Any] = wanted.validated_data
    a, b = (
        values[name]["text"] if "text" in values[name] else values[name]["document"]
        for name in ("a", "b")
    )
    found = looking.compare(a, b, values.get("model") or services.default_model())
    return Response(ComparisonSerializer(found).data)
