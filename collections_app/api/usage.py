"""How much one holds and may hold."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app import quotas
from collections_app.intake import safe_id
from collections_app.models import Collection
from collections_app.serializers.usage import (
    CollectionUsageSerializer,
    FileSizesSerializer,
    MoreSerializer,
    RefusedSerializer,
    UsageSerializer,
)
from collections_app.storage import too_large
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
    methods=["GET"],
    parameters=[MoreSerializer],
    responses=CollectionUsageSerializer,
)
@extend_schema(
    operation_id="collections_fits",
    summary=_("Ask which files would be taken"),
    description=_("A file of a name that is there already needs only what it is larger by."),
    tags=TAGS,
    methods=["POST"],
    request=FileSizesSerializer,
    responses=RefusedSerializer,
)
@api_view(["GET", "POST"])
@permission_classes([SignedInPermission])
def collection_usage(request: Request, pk: int) -> Response:
    collections = Collection.objects.editable_by(request.user)
    collection = get_object_or_404(collections, pk=pk)
    if request.method == "POST":
        return Response({"refused": _refused(collection, request.data)})
    more = MoreSerializer(data=request.query_params)
    more.is_valid(raise_exception=True)
    wanted = more.validated_data
    answer = {
        "collection": quotas.of_collection(collection),
        "user": quotas.of_user(collection.owner_id or 0),
        "refusal": quotas.refusal(collection, wanted["bytes"], wanted["documents"]),
    }
    return Response(CollectionUsageSerializer(answer).data)


def _refused(collection: Collection, data: Any) -> dict[str, str]:
    """By the names as they were sent."""
    wanted = FileSizesSerializer(data=data)
    wanted.is_valid(raise_exception=True)
    sizes: dict[str, int] = wanted.validated_data["sizes"]
    most = settings.MAX_UPLOAD_BYTES
    found = {name: too_large(most) for name, size in sizes.items() if size > most}
    left = {safe_id(name): size for name, size in sizes.items() if name not in found}
    without_room = quotas.refused(collection, left)
    for name in sizes:
        if reason := without_room.get(safe_id(name)):
            found.setdefault(name, reason)
    return found
