"""Collections of the `llm` tool in and out, as the file that it keeps them in."""

from typing import cast

from django.conf import settings
from django.contrib.auth.models import User
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from collections_app import services
from collections_app.models import Collection
from collections_app.serializers.sources import RowsFileSerializer, StartedSerializer
from collections_app.services.llm_export import exported
from collections_app.services.llm_import import start_imports
from collections_app.tokens import SignedInPermission

TAGS = ["collections"]


class EmbeddingsDb(APIView):
    permission_classes = [SignedInPermission]
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="embeddings_db_export",
        summary=_("Download collections as an embeddings.db of the llm tool"),
        description=_("Those that `collection` names, once or more; without any, one's own."),
        tags=TAGS,
        parameters=[OpenApiParameter("collection", int, many=True)],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponseBase:
        rows = Collection.objects.visible_to(request.user)
        named = request.query_params.getlist("collection")
        wanted = [int(one) for one in named if one.isdecimal()]
        collections = [get_object_or_404(rows, pk=one) for one in dict.fromkeys(wanted)]
        own = Collection.objects.editable_by(request.user).order_by("pk")
        stream = exported(collections or list(own))
        answer = FileResponse(stream, as_attachment=True, filename="embeddings.db")
        answer["Cache-Control"] = "private, no-store"
        return answer

    @extend_schema(
        operation_id="embeddings_db_import",
        summary=_("Bring in an embeddings.db of the llm tool"),
        description=_(
            "Each collection of the file becomes one of yours, by a run, with the vectors it has. "
            "One whose model is not registered stays out; `problem` says so."
        ),
        tags=TAGS,
        request={"multipart/form-data": RowsFileSerializer},
        responses={202: StartedSerializer(many=True)},
    )
    def post(self, request: Request) -> Response:
        sent = RowsFileSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        file = sent.validated_data["file"]
        user = cast(User, request.user)  # SignedInPermission has seen to it
        blob = services.store_blob(file, settings.MAX_UPLOAD_BYTES)
        started = start_imports(user, file.name, blob)
        return Response(StartedSerializer(started, many=True).data, status.HTTP_202_ACCEPTED)
