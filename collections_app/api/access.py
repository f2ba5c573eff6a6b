"""API tokens."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from collections_app import services
from collections_app.models import ApiToken
from collections_app.serializers.access import NewTokenSerializer, TokenSerializer
from collections_app.tokens import SessionOnlyPermission

TAGS = ["tokens"]


@extend_schema_view(
    list=extend_schema(operation_id="tokens_list", summary=_("List one's own tokens"), tags=TAGS),
    create=extend_schema(
        operation_id="tokens_create",
        summary=_("Make a token"),
        description=_("For a logged-in session only. The answer holds the key, this once."),
        tags=TAGS,
        responses={201: NewTokenSerializer},
    ),
    destroy=extend_schema(
        operation_id="tokens_delete",
        summary=_("Revoke a token"),
        description=_("For a logged-in session only."),
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
        return ApiToken.objects.filter(user=cast(User, self.request.user))

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return NewTokenSerializer if self.action == "create" else TokenSerializer

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        user = cast(User, request.user)  # SessionOnlyPermission has seen to it
        token, key = services.create_token(user, **wanted.validated_data)
        answer = {**TokenSerializer(token).data, "key": key}
        return Response(answer, status.HTTP_201_CREATED)
