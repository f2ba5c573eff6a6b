"""Documents: in and out of a collection, and one at a time."""

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework import generics, mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app import services
from collections_app.models import Collection, Document, long_columns
from collections_app.pagination import ByOrdinalPagination
from collections_app.parsers import BoundedJSONParser
from collections_app.serializers.documents import (
    AddResultSerializer,
    DocumentEditSerializer,
    DocumentFilterSerializer,
    DocumentRowSerializer,
    DocumentSerializer,
    FilesSerializer,
    IncomingSerializer,
    PassageSerializer,
    ReadingSerializer,
)
from collections_app.serializers.queued import QueuedSerializer
from collections_app.services.uploads import MOST_BEFORE

TAGS = ["documents"]
MAX_ITEMS = 10_000  # in one request
ONE_OR_MANY = PolymorphicProxySerializer(
    component_name="OneOrManyDocuments",
    serializers=[IncomingSerializer, IncomingSerializer(many=True)],
    resource_type_field_name=None,
    many=False,
)


class CollectionDocuments(generics.ListAPIView[Document]):
    queryset = Document.objects.none()
    serializer_class = DocumentRowSerializer
    parser_classes = [BoundedJSONParser, MultiPartParser]

    def get_queryset(self) -> QuerySet[Document]:
        collections = Collection.objects.visible_to(self.request.user)
        collection = get_object_or_404(collections, pk=self.kwargs["pk"])
        wanted = DocumentFilterSerializer(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        lookups = {"id_prefix": "external_id__startswith", "metadata": "metadata__contains"}
        filters = {lookups.get(key, key): value for key, value in wanted.validated_data.items()}
        rows = collection.documents.filter(**filters).select_related("blob")
        return rows.defer(*long_columns())

    @extend_schema(
        operation_id="documents_list",
        summary=_("List the documents of a collection"),
        description=_("Newest first, without their texts."),
        tags=TAGS,
        parameters=[DocumentFilterSerializer],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="documents_add",
        summary=_("Add or change documents"),
        description=_(
            "JSON: one document or a list of them; or multipart form data with files. "
            "A known id edits its document; equal content is not embedded again. One bad item "
            "loses none of the others: 201 something was added, 200 nothing was new, "
            "207 some items have problems, 400 all have."
        ),
        tags=TAGS,
        request={"application/json": ONE_OR_MANY, "multipart/form-data": FilesSerializer},
        responses={
            201: AddResultSerializer,
            200: AddResultSerializer,
            207: AddResultSerializer,
        },
    )
    def post(self, request: Request, pk: int) -> Response:
        collections = Collection.objects.editable_by(request.user)
        collection = get_object_or_404(collections, pk=pk)
        if request.content_type.startswith("multipart/"):
            result = services.add_files(collection, sent_files(request), before(request))
        else:
            result = add_json(collection, sent_items(request))
        return Response(asdict(result), outcome(result))


def sent_files(request: Request) -> list[Any]:
    files = [file for name in request.FILES for file in request.FILES.getlist(name)]
    if not files:
        raise ValidationError({"files": [_("No file was sent. Send at least one.")]})
    return files


def before(request: Request) -> str:
    """What is to be put before the ids of the files."""
    sent: Any = request.data
    told = str(sent.get("before", ""))
    if len(told) > MOST_BEFORE:
        message = _("At most %d characters can be put before ids.") % MOST_BEFORE
        raise ValidationError({"before": [message]})
    return told


def sent_items(request: Request) -> list[Any]:
    items = request.data if isinstance(request.data, list) else [request.data]
    if not items:
        raise ValidationError({"detail": _("The list is empty. Send at least one document.")})
    if len(items) > MAX_ITEMS:
        message = _(
            "These are %(count)d documents, more than the %(limit)d that one request takes."
        )
        raise ValidationError({"detail": message % {"count": len(items), "limit": MAX_ITEMS}})
    return items


def add_json(collection: Collection, items: list[Any]) -> services.AddResult:
    """Those that can be read go in; the others are problems, named by id or by place."""
    good, problems = [], []
    for place, item in enumerate(items, start=1):
        serializer = IncomingSerializer(data=item)
        if serializer.is_valid():
            values = dict(serializer.validated_data)
            good.append(services.Incoming(values.pop("id"), body=values.pop("text"), **values))
        else:
            given = item.get("id") if isinstance(item, dict) else None
            name = given if isinstance(given, str) and given else f"#{place}"
            problems.append(services.Problem(name, in_words(serializer.errors)))
    result = services.add_documents(collection, good)
    result.problems = problems + result.problems
    return result


def in_words(errors: Any) -> str:
    """`text: This field is required. title: Not a valid string.`"""
    return " ".join(f"{name}: {' '.join(map(str, messages))}" for name, messages in errors.items())


def outcome(result: services.AddResult) -> int:
    """The status that says how it went; ValidationError when every item is a problem."""
    if not result.problems:
        return status.HTTP_201_CREATED if result.added or result.runs else status.HTTP_200_OK
    if result.added or result.changed or result.unchanged or result.runs:
        return status.HTTP_207_MULTI_STATUS
    raise ValidationError({p.external_id: [p.message] for p in result.problems})


@extend_schema_view(
    retrieve=extend_schema(
        operation_id="documents_read", summary=_("Show a document with its text"), tags=TAGS
    ),
    destroy=extend_schema(
        operation_id="documents_delete", summary=_("Delete a document"), tags=TAGS
    ),
)
class DocumentViewSet(
    mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[Document]
):
    queryset = Document.objects.none()
    serializer_class = DocumentSerializer
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Document]:
        rows = Document.objects.select_related("blob")
        if self.request.method in SAFE_METHODS:
            return rows.visible_to(self.request.user)
        return rows.editable_by(self.request.user)

    @extend_schema(
        operation_id="documents_edit",
        summary=_("Edit a document"),
        description=_("It stays searchable as it was until the change is embedded."),
        tags=TAGS,
        request=DocumentEditSerializer,
        responses=DocumentSerializer,
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        edit = DocumentEditSerializer(data=request.data)
        document = self.get_object()
        edit.is_valid(raise_exception=True)
        values = dict(edit.validated_data)
        services.edit_document(document, body=values.pop("text", None), **values)
        return Response(self.get_serializer(document).data)

    def perform_destroy(self, instance: Document) -> None:
        services.delete_documents(Document.objects.filter(pk=instance.pk))

    @extend_schema(
        operation_id="documents_passages",
        summary=_("List a document's passages"),
        description=_("In the order of the text: `text == document.text[start:end]`."),
        tags=TAGS,
        responses=PassageSerializer(many=True),
    )
    @action(detail=True, pagination_class=ByOrdinalPagination)
    def passages(self, request: Request, pk: int) -> Response:
        documents = self.get_queryset().select_related(None).select_related("collection")
        narrow = documents.only("pk", "collection__embedding_model")
        document = get_object_or_404(narrow, pk=pk)
        rows: Any = document.active_passages()  # this view is one of Documents
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(PassageSerializer(page, many=True).data)

    @extend_schema(
        operation_id="documents_retry",
        summary=_("Retry a document that was set aside"),
        description=_("As it is, or read otherwise."),
        tags=TAGS,
        request=ReadingSerializer,
        responses={202: QueuedSerializer},
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: int) -> Response:
        found = self.get_object()
        wanted = ReadingSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        rows = self.get_queryset().filter(pk=found.pk)
        queued = services.retry_otherwise(found.collection, rows, dict(wanted.validated_data))
        return Response({"queued": queued}, status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="documents_reembed",
        summary=_("Embed a document again"),
        tags=TAGS,
        request=None,
        responses={202: QueuedSerializer},
    )
    @action(detail=True, methods=["post"])
    def reembed(self, request: Request, pk: int) -> Response:
        queued = services.reembed(self.get_queryset().filter(pk=self.get_object().pk))
        return Response({"queued": queued}, status.HTTP_202_ACCEPTED)
