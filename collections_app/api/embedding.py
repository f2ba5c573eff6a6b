"""Embedding models, and any text to a vector."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.decorators import api_view, permission_classes, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app import services, vectors
from collections_app.models import EmbeddingModel
from collections_app.serializers.embedding import (
    EmbeddedSerializer,
    EmbeddingModelSerializer,
    EmbedSerializer,
    ModelChangeSerializer,
    NewModelSerializer,
    ProbeSerializer,
    RegisteredModelSerializer,
)
from collections_app.throttles import EmbedThrottle
from collections_app.tokens import SignedInAsksPermission, StaffPermission, StaffWritesPermission

TAGS = ["embedding"]


@extend_schema_view(
    get=extend_schema(operation_id="models_list", summary=_("List embedding models"), tags=TAGS)
)
class ModelList(generics.ListAPIView[EmbeddingModel]):
    queryset = EmbeddingModel.objects.with_probe().prefetch_related("aliases")
    serializer_class = EmbeddingModelSerializer
    permission_classes = [StaffWritesPermission]

    def get_queryset(self) -> QuerySet[EmbeddingModel]:
        """Staff see those that cannot be used as well."""
        rows = super().get_queryset()
        if not self.request.user.is_staff:
            rows = rows.filter(state=EmbeddingModel.State.USABLE)
        return rows

    @extend_schema(
        operation_id="models_register",
        summary=_("Register a model"),
        description=_("For staff. It is probed by a worker, and can be chosen once that passed."),
        tags=TAGS,
        request=NewModelSerializer,
        responses={201: RegisteredModelSerializer},
    )
    def post(self, request: Request) -> Response:
        given = NewModelSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.register(**given.validated_data)
        return Response(RegisteredModelSerializer(made).data, status.HTTP_201_CREATED)


@extend_schema_view(
    get=extend_schema(
        operation_id="models_read",
        summary=_("Show a model and its last probe"),
        description=_("For staff."),
        tags=TAGS,
    )
)
class ModelDetail(generics.RetrieveAPIView[EmbeddingModel]):
    queryset = EmbeddingModel.objects.all()
    serializer_class = RegisteredModelSerializer
    permission_classes = [StaffPermission]

    @extend_schema(
        operation_id="models_edit",
        summary=_("Change a model"),
        description=_("For staff. What decides its vectors stays once there are some."),
        tags=TAGS,
        request=ModelChangeSerializer,
        responses=RegisteredModelSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        model = self.get_object()
        given = ModelChangeSerializer(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(given.validated_data)
        aliases = values.pop("aliases", None)
        changed = services.change_model(model, **values)
        if aliases is not None:
            services.set_aliases(changed, aliases)
        return Response(RegisteredModelSerializer(changed).data)

    @extend_schema(
        operation_id="models_delete",
        summary=_("Delete a model"),
        description=_("For staff. One that collections use stays."),
        tags=TAGS,
        responses={204: None},
    )
    def delete(self, request: Request, pk: int) -> Response:
        services.delete_model(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(
    operation_id="models_probe",
    summary=_("Probe a model"),
    description=_("For staff. A worker does it; `GET` of the model tells how far it is."),
    tags=TAGS,
    request=None,
    responses={202: ProbeSerializer},
)
@api_view(["POST"])
@permission_classes([StaffPermission])
def model_probe(request: Request, pk: int) -> Response:
    model = get_object_or_404(EmbeddingModel, pk=pk)
    probe = services.request_probe(model)
    return Response(ProbeSerializer(probe).data, status.HTTP_202_ACCEPTED)


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
