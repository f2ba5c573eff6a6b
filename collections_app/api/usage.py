"""How much one holds and may hold."""

from typing import cast

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app import quotas
from collections_app.models import Collection
from collections_app.serializers.usage import (
    CollectionUsageSerializer,
    MoreSerializer,
    UsageSerializer,
)
from collections_app.tokens import SignedInPermission

TAGS = ["uploads"]


@extend_schema(
    operation_id="usage",
    summary=_("How much one has, and may have"),
    tags=TAGS,
    responses=UsageSerializer,
)
@api_view()
@permission_classes([SignedInPermission])
def account_usage(request: Request) -> Response:
    user = cast(User, request.user)  # SignedInPermission has seen to it
    return Response(UsageSerializer(quotas.of_user(user.pk)).data)


@extend_schema(
    operation_id="collections_usage",
    summary=_("How much a collection of one's own has, and whether more fits"),
    description=_("Ask before a large upload: `refusal` says why it would not be taken."),
    tags=TAGS,
    parameters=[MoreSerializer],
    responses=CollectionUsageSerializer,
)
@api_view()
@permission_classes([SignedInPermission])
def collection_usage(request: Request, pk: int) -> Response:
    collections = Collection.objects.editable_by(request.user)
    collection = get_object_or_404(collections, pk=pk)
    more = MoreSerializer(data=request.query_params)
    more.is_valid(raise_exception=True)
    wanted = more.validated_data
    answer = {
        "collection": quotas.of_collection(collection),
        "user": quotas.of_user(collection.owner_id or 0),
        "refusal": quotas.refusal(collection, wanted["bytes"], wanted["documents"]),
    }
    return Response(CollectionUsageSerializer(answer).data)
