"""API tokens."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.serializers import BaseSerializer

from collections_app import services
from collections_app.models import ApiToken
from collections_app.serializers.access import NewTokenSerializer, TokenSerializer
from collections_app.tokens import SessionOnlyPermission

TAGS = ["tokens"]


@extend_schema_view(
    list=extend_schema(operation_id="tokens_list", summary="List one's own tokens", tags=TAGS),
    create=extend_schema(
        operation_id="tokens_create",
        summary="Make a token",
        description="For a logged-in session only. The answer holds the key, this once.",
        tags=TAGS,
        responses={201: NewTokenSerializer},
    ),
    destroy=extend_schema(
        operation_id="tokens_delete",
        summary="Revoke a token",
        description="For a logged-in session only.",
        tags=TAGS,
    ),
)
class TokenViewSet(
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[ApiToken],
):
    queryset = ApiToken.objects.none()
    permission_classes = [SessionOnlyPermission]
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.filter(user_id=self.request.user.pk)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return NewTokenSerializer if self.action == "create" else TokenSerializer

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        token, key = services.create_token(self.request.user, **serializer.validated_data)
        token.key = key
        serializer.instance = token
