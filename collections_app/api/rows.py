"""Files of rows: looked at, tried, imported."""

from dataclasses import asdict
from itertools import islice
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import api_view, parser_classes, permission_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app import partial_files
from collections_app.models import Collection, Upload
from collections_app.pipeline import rows
from collections_app.problems import TooLarge
from collections_app.reasons import in_words
from collections_app.serializers.sources import (
    DryRunSerializer,
    ImportSerializer,
    PreviewSerializer,
    RowsFileSerializer,
    RunSerializer,
)
from collections_app.services import Rejected, imports, uploads
from collections_app.tokens import SignedInPermission

TAGS = ["sources"]
PREVIEW_ROWS = 20


@extend_schema(
    operation_id="rows_preview",
    summary=gettext_lazy("Send a file of rows and see how it would be read"),
    description=gettext_lazy(
        "CSV, TSV, JSON or NDJSON. Nothing is imported yet; the file is kept for a day."
    ),
    tags=TAGS,
    request={"multipart/form-data": RowsFileSerializer},
    responses={201: PreviewSerializer},
)
@api_view(["POST"])
@permission_classes([SignedInPermission])
@parser_classes([MultiPartParser])
def collection_rows(request: Request, pk: int) -> Response:
    collection = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    sent = RowsFileSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    file = sent.validated_data["file"]
    user = cast(User, request.user)  # SignedInPermission has seen to it
    try:
        upload = uploads.receive(user, collection, file.name, file.size, file)
    except uploads.TooMuch as error:
        raise TooLarge(str(error)) from error
    try:
        answer = preview(upload)
    except Rejected:
        uploads.cancel(upload)
        raise
    return Response(PreviewSerializer(answer).data, status.HTTP_201_CREATED)


@extend_schema(
    methods=["GET"],
    operation_id="rows_look",
    summary=gettext_lazy("See how a received file of rows would be read"),
    tags=TAGS,
    responses=PreviewSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="rows_import",
    summary=gettext_lazy("Import a file of rows, or try to"),
    description=gettext_lazy("With `dry_run` nothing is written: 200 and counts; else 202."),
    tags=TAGS,
    request=ImportSerializer,
    responses={
        (200, "application/json"): DryRunSerializer,
        (202, "application/json"): RunSerializer,
    },
)
@api_view(["GET", "POST"])
@permission_classes([SignedInPermission])
def rows_import(request: Request, pk: UUID) -> Response:
    mine = Upload.objects.owned_by(request.user).select_related("collection")
    upload = get_object_or_404(mine, pk=pk, use=Upload.Use.ROWS)
    if upload.state == Upload.State.RECEIVING:
        raise Rejected(_("This file has not come whole yet."))
    if upload.state != Upload.State.RECEIVED:
        raise Rejected(_("This file has been imported already."))
    if request.method == "GET":
        return Response(PreviewSerializer(preview(upload)).data)
    wanted = ImportSerializer(data=request.data)
    wanted.is_valid(raise_exception=True)
    form, plan = chosen(upload, wanted.validated_data)
    media_type = wanted.validated_data["media_type"]
    if not wanted.validated_data["dry_run"]:
        run = imports.import_rows(upload, form, plan, media_type)
        return Response(RunSerializer(run).data, status.HTTP_202_ACCEPTED)
    try:
        tried = imports.dry_run(upload, form, plan, media_type)
    except (rows.Unreadable, LookupError) as error:
        raise Rejected(in_words(str(error))) from error
    return Response(DryRunSerializer(tried).data)


def preview(upload: Upload) -> dict[str, Any]:
    """Raises Rejected where the file is no table."""
    form, first = _read(upload)
    good = [row for row in first if isinstance(row, rows.Row)]
    return {
        "upload": upload.pk,
        "format": form.as_options(),
        "columns": rows.columns(first),
        "types": rows.guess_types(first),
        "rows": [dict(row.cells) for row in good],
        "problems": [asdict(row) for row in first if isinstance(row, rows.BadRow)],
        "plan": rows.suggest(first).as_options(),
    }


def chosen(upload: Upload, values: dict[str, Any]) -> tuple[rows.RowFormat, rows.Plan]:
    """Format and plan as given; what is not given suggests itself. Raises Rejected."""
    try:
        given = rows.RowFormat(**values["format"]) if values.get("format") else None
        form, first = _read(upload, given)
        plan = rows.Plan.of(values["plan"]) if values.get("plan") else rows.suggest(first)
    except (TypeError, ValueError, KeyError) as error:
        raise Rejected(_("The choice of columns cannot be read: %s.") % error) from error
    return form, plan


def _read(
    upload: Upload, given: rows.RowFormat | None = None
) -> tuple[rows.RowFormat, list[rows.Row | rows.BadRow]]:
    path = partial_files.path_of(upload)
    try:
        form = given or rows.sniff(path, upload.name)
        return form, list(islice(rows.read(path, form), PREVIEW_ROWS))
    except (rows.Unreadable, LookupError) as error:
        raise Rejected(in_words(str(error))) from error
