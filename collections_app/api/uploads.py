"""Files in pieces, by the tus protocol 1.0: https://tus.io/protocols/resumable-upload.

Creation, checksum, termination and expiration; any tus client can send.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import exceptions, mixins, status, viewsets
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from collections_app.models import Collection, Upload
from collections_app.pagination import ByTimePagination
from collections_app.problems import CHECKSUM_MISMATCH, Conflict, TooLarge
from collections_app.serializers.uploads import UploadSerializer
from collections_app.services import uploads
from collections_app.services.uploads import ALGORITHMS, Checksum
from collections_app.storage import Rejected
from collections_app.tokens import SignedInPermission

TAGS = ["uploads"]
VERSION = "1.0.0"
DIGITS = re.compile(r"[0-9]{1,40}")  # far more than any file has: what is too much is told


class Differs(exceptions.APIException):
    status_code = CHECKSUM_MISMATCH


class BytesParser(BaseParser):
    """The body is read by whoever writes it down, piece by piece."""

    media_type = "application/offset+octet-stream"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return stream


class OtherVersion(exceptions.APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = gettext_lazy("Only version 1.0.0 of the tus protocol is spoken here.")


class TusMixin:
    """Headers that each answer has, and the version that each request may name."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.headers.get("Tus-Resumable", VERSION) != VERSION:
            raise OtherVersion

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        answer["Tus-Resumable"] = VERSION
        answer["Tus-Version"] = VERSION
        answer["Cache-Control"] = "no-store"
        return answer

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return Response(
            status=status.HTTP_204_NO_CONTENT,
            headers={
                "Tus-Extension": "creation,checksum,termination,expiration",
                "Tus-Max-Size": str(settings.MAX_UPLOAD_BYTES),
                "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
            },
        )


class CollectionUploads(TusMixin, APIView):
    permission_classes = [SignedInPermission]

    @extend_schema(
        operation_id="uploads_begin",
        summary=gettext_lazy("Begin an upload that can be resumed"),
        description=gettext_lazy(
            "As the tus protocol has it: `Upload-Length` says the size, `Upload-Metadata` the "
            "`filename` and, if wanted, the file's `sha256` in hex; `use` is `rows` for a file "
            "whose rows are to be imported by a plan; `before` is put before ids. The answer's "
            "`Location` is where the bytes go. 413 when the file is too large or there is no "
            "room for it."
        ),
        tags=TAGS,
        request=None,
        parameters=[
            OpenApiParameter("Upload-Length", int, OpenApiParameter.HEADER, required=True),
            OpenApiParameter("Upload-Metadata", str, OpenApiParameter.HEADER, required=True),
        ],
        responses={201: UploadSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        collections = Collection.objects.editable_by(request.user)
        collection = get_object_or_404(collections, pk=pk)
        told = metadata(request.headers.get("Upload-Metadata", ""))
        try:
            upload = uploads.begin(
                cast(User, request.user),  # SignedInPermission has seen to it
                collection,
                told.get("filename") or told.get("name") or "",
                number(request, "Upload-Length"),
                sha256=told.get("sha256", "").lower(),
                use=told.get("use") or Upload.Use.ADD,
                before=told.get("before", ""),
            )
        except uploads.TooMuch as error:
            raise TooLarge(str(error)) from error
        headers = tus_headers(upload) | {
            "Location": reverse("api-uploads-detail", args=[upload.pk])
        }
        return Response(UploadSerializer(upload).data, status.HTTP_201_CREATED, headers=headers)


@extend_schema_view(
    list=extend_schema(
        operation_id="uploads_list",
        summary=gettext_lazy("List one's own uploads"),
        description=gettext_lazy("Those of the last day, finished ones too, newest first."),
        tags=TAGS,
    ),
    retrieve=extend_schema(
        operation_id="uploads_read",
        summary=gettext_lazy("Show an upload"),
        description=gettext_lazy("HEAD gives `Upload-Offset`, where the file goes on."),
        tags=TAGS,
    ),
    destroy=extend_schema(
        operation_id="uploads_cancel",
        summary=gettext_lazy("Give up an upload"),
        description=gettext_lazy("A document that was made of it stays."),
        tags=TAGS,
    ),
)
class UploadViewSet(
    TusMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Upload],
):
    queryset = Upload.objects.none()
    serializer_class = UploadSerializer
    permission_classes = [SignedInPermission]
    parser_classes = [BytesParser]
    pagination_class = ByTimePagination
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Upload]:
        return Upload.objects.owned_by(self.request.user).select_related("collection")

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        upload = self.get_object()
        return Response(self.get_serializer(upload).data, headers=tus_headers(upload))

    @extend_schema(
        operation_id="uploads_write",
        summary=gettext_lazy("Go on with an upload"),
        description=gettext_lazy(
            "`Upload-Offset` says where. After the last byte the file is in the collection. "
            "409 when the upload does not go on there; 460 when a checksum does not fit."
        ),
        tags=TAGS,
        request={"application/offset+octet-stream": OpenApiTypes.BINARY},
        parameters=[
            OpenApiParameter("Upload-Offset", int, OpenApiParameter.HEADER, required=True),
            OpenApiParameter("Upload-Checksum", str, OpenApiParameter.HEADER),
        ],
        responses={204: None},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        upload = self.get_object()
        offset = number(request, "Upload-Offset")
        length = request.headers.get("Content-Length") or "0"
        if offset + int(length if DIGITS.fullmatch(length) else 0) > upload.size:
            raise TooLarge(_("These are more bytes than the upload was announced with."))
        header = request.headers.get("Upload-Checksum")
        checksum = Checksum.parse(header) if header else None
        try:
            upload = uploads.write(upload, offset, cast(Any, request.data), checksum)
        except uploads.WrongOffset as error:
            raise Conflict(str(error)) from error
        except uploads.Differs as error:
            raise Differs(str(error)) from error
        return Response(status=status.HTTP_204_NO_CONTENT, headers=tus_headers(upload))

    def perform_destroy(self, instance: Upload) -> None:
        uploads.cancel(instance)


def tus_headers(upload: Upload) -> dict[str, str]:
    return {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.size),
        "Upload-Expires": http_date(upload.expires.timestamp()),
    }


def number(request: Request, name: str) -> int:
    value = request.headers.get(name, "")
    if not DIGITS.fullmatch(value):
        raise Rejected(_("The header %(name)s must be a whole number.") % {"name": name})
    return int(value)


def metadata(header: str) -> dict[str, str]:
    """`filename d29ybGQ=,private` as {"filename": "world", "private": ""}; raises Rejected."""
    found = {}
    for pair in header.split(","):
        key, _blank, encoded = pair.strip().partition(" ")
        try:
            found[key] = b64decode(encoded, validate=True).decode()
        except ValueError as error:
            raise Rejected(
                _("Upload-Metadata must be names with values in Base64 of UTF-8.")
            ) from error
    return found
