"""The wizard for files of rows: a file in, its format and columns chosen, tried, imported."""

import uuid
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from collections_app import partial_files
from collections_app.models import Collection, Upload
from collections_app.pipeline import rows
from collections_app.reasons import in_words
from collections_app.rows_forms import FormatForm, PlanForm, RowsFileForm
from collections_app.services import Rejected, imports, uploads
from collections_app.views.content import within_limits

PREVIEW_ROWS = 20


@dataclass
class Table:
    """The first rows of a file by the format chosen; `error` says why there are none."""

    form: FormatForm
    names: list[str]
    first: list[rows.Row | rows.BadRow]
    error: str = ""

    @property
    def cells(self) -> list[tuple[int, list[str], str]]:
        """Of each row: its number, its cells in the columns' order, or what is wrong with it."""
        return [
            (row.number, [], in_words(row.reason))
            if isinstance(row, rows.BadRow)
            else (row.number, [_shown(row.cells.get(name)) for name in self.names], "")
            for row in self.first
        ]


@within_limits
@login_required
def rows_new(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    form = RowsFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        user = cast(User, request.user)
        try:
            upload = uploads.receive(user, found, file.name, file.size, file)
        except Rejected as error:
            form.add_error("file", str(error))
        else:
            return redirect("rows", upload.pk)
    context = {"collection": found, "form": form, "nowhere": uuid.UUID(int=0)}
    return render(request, "collections_app/rows_new.html", context)


@login_required
def rows_import(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page of one file; a POST with `do` tries the plan (dry) or imports by it (import)."""
    upload = get_object_or_404(
        Upload.objects.owned_by(request.user).select_related("collection", "run"),
        pk=pk,
        use=Upload.Use.ROWS,
    )
    if upload.run:
        return redirect("run", upload.run.pk)
    data = request.POST or None
    table = _table(upload, data)
    doing = request.POST.get("do", "")
    plan = PlanForm(data if doing else None, table.names, rows.suggest(table.first))
    tried = None
    if doing and not table.error and plan.is_valid():
        chosen = upload, table.form.chosen(), plan.chosen(), plan.media_type_chosen()
        try:
            if doing == "import":
                return redirect("run", imports.import_rows(*chosen).pk)
            tried = imports.dry_run(*chosen)
        except (Rejected, rows.Unreadable) as error:
            table.error = in_words(str(error))
    context = {"upload": upload, "collection": upload.collection, "table": table}
    context |= {"plan": plan, "tried": tried}
    return render(request, "collections_app/rows.html", context)


@login_required
def rows_cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.owned_by(request.user), pk=pk)
    if request.method == "POST":
        uploads.cancel(upload)
        messages.success(request, _("The file was removed; nothing was imported."))
    return redirect("sources", upload.collection_id)


def _table(upload: Upload, data: Any) -> Table:
    path = partial_files.path_of(upload)
    try:
        form = FormatForm(data, rows.sniff(path, upload.name))
        first = list(islice(rows.read(path, form.chosen()), PREVIEW_ROWS))
    except (rows.Unreadable, OSError, LookupError) as error:
        form = FormatForm(data, rows.RowFormat("csv"))
        return Table(form, [], [], in_words(str(error)))
    names = rows.columns(first)
    return Table(
        form, names, first, "" if names else _("No rows were found. Choose another format.")
    )


def _shown(cell: Any) -> str:
    return "" if cell is None else str(cell)
