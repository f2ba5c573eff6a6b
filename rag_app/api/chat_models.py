"""The chat models that can be asked: everyone sees their names, staff set them up."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from collections_app.services import Rejected
from collections_app.tokens import StaffPermission, StaffWritesPermission
from rag_app.answer import chat_models, chats
from rag_app.models import ChatModel
from rag_app.serializers.chat_models import ChatModelSerializer, OfferedSerializer, TriedSerializer

TAGS = ["questions"]


@extend_schema_view(
    retrieve=extend_schema(
        operation_id="chat_models_read", summary=_("Show a chat model, for staff"), tags=TAGS
    ),
    create=extend_schema(
        operation_id="chat_models_new", summary=_("Set up a chat model, for staff"), tags=TAGS
    ),
    partial_update=extend_schema(
        operation_id="chat_models_change", summary=_("Change a chat model, for staff"), tags=TAGS
    ),
    destroy=extend_schema(
        operation_id="chat_models_delete", summary=_("Remove a chat model, for staff"), tags=TAGS
    ),
)
class ChatModelViewSet(
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[ChatModel],
):
    queryset = ChatModel.objects.all()
    serializer_class = ChatModelSerializer
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    lookup_value_converter = "int"

    def get_permissions(self) -> list[Any]:
        return [StaffWritesPermission() if self.action == "list" else StaffPermission()]

    @extend_schema(
        operation_id="chat_models_list",
        summary=_("List the chat models that can be asked"),
        description=_("The first is the default. Give a name as `chat` with a question."),
        tags=TAGS,
        responses=OfferedSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        rows: list[dict[str, Any]] = [
            {
                "row": one.row,
                "name": one.name,
                "context_tokens": one.context_tokens,
                "default": place == 0,
            }
            for place, one in enumerate(chats.available())
        ]
        return Response(OfferedSerializer(rows, many=True).data)

    def perform_create(self, serializer: BaseSerializer[ChatModel]) -> None:
        self._save(serializer, ChatModel())

    def perform_update(self, serializer: BaseSerializer[ChatModel]) -> None:
        assert serializer.instance is not None
        self._save(serializer, serializer.instance)

    def _save(self, serializer: BaseSerializer[ChatModel], row: ChatModel) -> None:
        try:
            serializer.instance = chat_models.save(row, **serializer.validated_data)
        except Rejected as error:
            raise ValidationError({"detail": str(error)}) from error

    @extend_schema(
        operation_id="chat_models_try",
        summary=_("Ask a chat model for one word, for staff"),
        tags=TAGS,
        request=None,
        responses=TriedSerializer,
    )
    @action(detail=True, methods=["post"], url_path="try")
    def attempt(self, request: Request, pk: int) -> Response:
        found = chat_models.tried(self.get_object())
        return Response(TriedSerializer(found).data, status.HTTP_200_OK)
