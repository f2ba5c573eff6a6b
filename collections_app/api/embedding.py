"""Embedding models, and any text to a vector."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.decorators import api_view, permission_classes, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app import services, vectors
from collections_app.models import EmbeddingModel
from collections_app.serializers.embedding import (
    EmbeddedSerializer,
    EmbeddingModelSerializer,
    EmbedSerializer,
)
from collections_app.throttles import EmbedThrottle
from collections_app.tokens import SignedInAsksPermission

TAGS = ["embedding"]


@extend_schema_view(
    get=extend_schema(operation_id="models_list", summary=_("List embedding models"), tags=TAGS)
)
class ModelList(generics.ListAPIView[EmbeddingModel]):
    queryset = EmbeddingModel.objects.all()
    serializer_class = EmbeddingModelSerializer


@extend_schema(
    operation_id="embed",
    summary=_("Embed texts"),
    description=_("With the site's default model unless one is named. Log in, or send a token."),
    tags=TAGS,
    request=EmbedSerializer,
    responses=EmbeddedSerializer,
)
@api_view(["POST"])
@permission_classes([SignedInAsksPermission])
@throttle_classes([EmbedThrottle])
def embed(request: Request) -> Response:
    wanted = EmbedSerializer(data=request.data)
    wanted.is_valid(raise_exception=True)
    values = wanted.validated_data
    model = values.get("model") or services.default_model()
    texts = values.get("texts") or [values["text"]]
    encoder = vectors.encoder(model)
    seen = [vectors.prefixed(model, text, values["kind"]) for text in texts]
    return Response(
        {
            "model": model.name,
            "dimension": model.dimension,
            "truncated": [encoder.tokenizer.count(text) > encoder.token_limit for text in seen],
            "vectors": encoder.encode(seen).tolist(),
        }
    )
