"""What one follows: one's own interests, what landed near them, and the keys of their feeds."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.pagination import ByTimePagination
from collections_app.tokens import SignedInPermission
from search_app import interests
from search_app.models import Interest
from search_app.serializers.interests import (
    ChangeInterestSerializer,
    InterestMatchSerializer,
    InterestSerializer,
)

TAGS = ["interests"]


class ByFoundPagination(ByTimePagination):
    ordering = ("-found", "-pk")


@extend_schema_view(
    list=extend_schema(
        operation_id="interests_list", summary=_("List what one follows"), tags=TAGS
    ),
    retrieve=extend_schema(operation_id="interests_read", summary=_("Show an interest"), tags=TAGS),
    destroy=extend_schema(
        operation_id="interests_delete", summary=_("Give up an interest"), tags=TAGS
    ),
)
class InterestViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Interest],
):
    queryset = Interest.objects.none()
    serializer_class = InterestSerializer
    permission_classes = [SignedInPermission]
    pagination_class = ByTimePagination
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Interest]:
        return interests.listed(self.request.user)

    @extend_schema(
        operation_id="interests_create",
        summary=_("Follow a search, a document or a text"),
        description=_(
            "A document by its number; else `text`, with `filters` where `kind` is “search”."
        ),
        tags=TAGS,
        responses={201: InterestSerializer},
    )
    def create(self, request: Request) -> Response:
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        user = cast(User, request.user)  # SignedInPermission has seen to it
        made = interests.follow(user, **wanted.validated_data)
        return Response(self._shown(made.pk), status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="interests_change",
        summary=_("Change an interest"),
        tags=TAGS,
        request=ChangeInterestSerializer,
        responses=InterestSerializer,
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        interest = self.get_object()
        context = self.get_serializer_context()
        wanted = ChangeInterestSerializer(data=request.data, partial=True, context=context)
        wanted.is_valid(raise_exception=True)
        interests.change(interest, **wanted.validated_data)
        return Response(self._shown(pk))

    @extend_schema(
        operation_id="interests_matches",
        summary=_("List what landed near an interest"),
        description=_("Newest first, of what one may see now."),
        tags=TAGS,
        responses=InterestMatchSerializer(many=True),
    )
    @action(detail=True, pagination_class=ByFoundPagination)
    def matches(self, request: Request, pk: int) -> Response:
        rows: Any = interests.matches(self.get_object())
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(InterestMatchSerializer(page, many=True).data)

    @extend_schema(
        operation_id="interests_feed_new",
        summary=_("Give the feed of an interest a new address"),
        description=_("The old one leads nowhere from now on."),
        tags=TAGS,
        request=None,
        responses=InterestSerializer,
    )
    @action(detail=True, methods=["post"])
    def feed(self, request: Request, pk: int) -> Response:
        interests.new_feed(self.get_object())
        return Response(self._shown(pk))

    @extend_schema(
        operation_id="interests_feed_end",
        summary=_("Revoke the feed of an interest"),
        tags=TAGS,
        responses={204: None},
    )
    @feed.mapping.delete
    def end_feed(self, request: Request, pk: int) -> Response:
        interests.end_feed(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _shown(self, pk: int) -> dict[str, Any]:
        return dict(self.get_serializer(self.get_queryset().get(pk=pk)).data)
