"""What can be named as a model under `/v1/`: embedding models, and collections to ask."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from collections_app import collection_names
from collections_app.models import EmbeddingModel
from collections_app.openai_errors import openai_error
from collections_app.serializers.openai import OpenAIModelSerializer, OpenAIModelsSerializer
from collections_app.services import default_model
from collections_app.tokens import SignedInAsksPermission, TokenAuthentication

TAGS = ["OpenAI-compatible"]


class AnyAccept(BaseContentNegotiation):
    """JSON, whatever `Accept` says: clients that stream ask for event streams alone."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class OpenAIView(APIView):
    """Tokens of this site as keys, of either scope; errors in OpenAI's form."""

    content_negotiation_class = AnyAccept
    authentication_classes = [TokenAuthentication]
    permission_classes = [SignedInAsksPermission]

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        return openai_error


class Models(OpenAIView):
    @extend_schema(
        operation_id="openai_models",
        summary=gettext_lazy("List models (OpenAI)"),
        description=gettext_lazy(
            "Embedding models under their names and aliases, and as models of their own the "
            "collections that one may ask; `kind` tells them apart."
        ),
        tags=TAGS,
        responses=OpenAIModelsSerializer,
    )
    def get(self, request: Request) -> Response:
        default_model()  # on a new site, it is made by the first who asks
        rows = EmbeddingModel.objects.usable().prefetch_related("aliases")
        names = [
            (name, model)
            for model in rows
            for name in [model.name, *(alias.name for alias in model.aliases.all())]
        ]
        told = [_told(*one) for one in names] + collection_names.listed(request.user)
        return Response({"object": "list", "data": told})


class Model(OpenAIView):
    @extend_schema(
        operation_id="openai_model",
        summary=gettext_lazy("Show a model (OpenAI)"),
        tags=TAGS,
        responses=OpenAIModelSerializer,
    )
    def get(self, request: Request, name: str) -> Response:
        if not collection_names.is_reserved(name):
            return Response(_told(name, model_called(name)))
        try:
            return Response(collection_names.described(request.user, name))
        except collection_names.NoSuchCollection:
            raise no_model() from None


def _told(name: str, model: EmbeddingModel) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(model.created.timestamp()),
        "owned_by": "embedsite",
        "kind": "embedding",
        "max_model_len": model.token_limit,
        "dimension": model.dimension,
    }


def model_called(name: Any) -> EmbeddingModel:
    default_model()
    found = None
    if isinstance(name, str):
        found = EmbeddingModel.objects.usable().called(name).first()
    if found is None:
        raise no_model()
    return found


def no_model() -> NotFound:
    return NotFound(_("There is no such model here. GET /v1/models lists those that are."))
