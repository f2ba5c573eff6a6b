"""Collections."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from collections_app import services
from collections_app.models import Collection
from collections_app.serializers.collections import CollectionSerializer, ProgressSerializer
from collections_app.serializers.documents import ReadingSerializer
from collections_app.serializers.queued import QueuedSerializer

TAGS = ["collections"]


@extend_schema_view(
    list=extend_schema(
        operation_id="collections_list",
        summary=_("List collections"),
        description=_("One's own and the public ones, newest first."),
        tags=TAGS,
    ),
    create=extend_schema(
        operation_id="collections_create", summary=_("Make a collection"), tags=TAGS
    ),
    retrieve=extend_schema(
        operation_id="collections_read", summary=_("Show a collection"), tags=TAGS
    ),
    partial_update=extend_schema(
        operation_id="collections_edit",
        summary=_("Edit a collection"),
        description=_(
            "The embedding model and the language are chosen once. A new passage length or "
            "overlap splits all documents again, those that were set aside too."
        ),
        tags=TAGS,
    ),
    destroy=extend_schema(
        operation_id="collections_delete",
        summary=_("Delete a collection with its documents"),
        tags=TAGS,
    ),
)
class CollectionViewSet(viewsets.ModelViewSet[Collection]):
    queryset = Collection.objects.none()
    serializer_class = CollectionSerializer
    lookup_value_converter = "int"
    http_method_names = ["get", "head", "options", "post", "patch", "delete"]

    def get_queryset(self) -> QuerySet[Collection]:
        collections = Collection.objects.select_related("owner", "embedding_model")
        if self.request.method in SAFE_METHODS:
            return collections.visible_to(self.request.user)
        return collections.editable_by(self.request.user)

    def perform_create(self, serializer: BaseSerializer[Collection]) -> None:
        user = cast(User, self.request.user)  # ScopePermission has seen to it
        values: dict[str, Any] = dict(serializer.validated_data)
        model = values.pop("embedding_model", None)
        serializer.instance = services.create_collection(user, model=model, **values)

    def perform_update(self, serializer: BaseSerializer[Collection]) -> None:
        services.edit_collection(cast(Collection, serializer.instance), **serializer.validated_data)

    def perform_destroy(self, instance: Collection) -> None:
        services.delete_collection(instance)

    @extend_schema(
        operation_id="collections_progress",
        summary=_("How far embedding is"),
        tags=TAGS,
        responses=ProgressSerializer,
    )
    @action(detail=True)
    def progress(self, request: Request, pk: int) -> Response:
        return Response(ProgressSerializer(services.progress(self.get_object())).data)

    @extend_schema(
        operation_id="collections_retry",
        summary=_("Retry the documents that were set aside"),
        description=_(
            "As they are, or read otherwise. Texts leave out an encoding, and formats of files."
        ),
        tags=TAGS,
        request=ReadingSerializer,
        responses={202: QueuedSerializer},
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: int) -> Response:
        found = self.get_object()
        wanted = ReadingSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        rows = found.documents.all()
        queued = services.retry_otherwise(found, rows, dict(wanted.validated_data))
        return Response({"queued": queued}, status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="collections_pause",
        summary=_("Pause embedding"),
        description=_("Documents in work are finished; the others wait."),
        tags=TAGS,
        request=None,
        responses=ProgressSerializer,
    )
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: int) -> Response:
        collection = self.get_object()
        services.pause(collection)
        return Response(ProgressSerializer(services.progress(collection)).data)

    @extend_schema(
        operation_id="collections_resume",
        summary=_("Go on with embedding"),
        tags=TAGS,
        request=None,
        responses=ProgressSerializer,
    )
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: int) -> Response:
        collection = self.get_object()
        services.resume(collection)
        return Response(ProgressSerializer(services.progress(collection)).data)

    @extend_schema(
        operation_id="collections_cancel",
        summary=_("Give up embedding what waits"),
        description=_("The documents are set aside; retrying takes them up again."),
        tags=TAGS,
        request=None,
        responses=ProgressSerializer,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        collection = self.get_object()
        services.cancel(collection, request.user.get_username())
        return Response(ProgressSerializer(services.progress(collection)).data)

    @extend_schema(
        operation_id="collections_reembed",
        summary=_("Embed all its documents again"),
        description=_("They stay searchable meanwhile; unchanged passages keep their vectors."),
        tags=TAGS,
        request=None,
        responses={202: QueuedSerializer},
    )
    @action(detail=True, methods=["post"])
    def reembed(self, request: Request, pk: int) -> Response:
        queued = services.reembed(self.get_object().documents.all())
        return Response({"queued": queued}, status.HTTP_202_ACCEPTED)
