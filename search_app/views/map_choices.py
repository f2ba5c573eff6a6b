"""What can be done with documents that were chosen on a map: exported, copied."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from collections_app.encoders import ModelMissing
from collections_app.models import Collection
from collections_app.services import Rejected
from search_app import csv_cells, maps
from search_app.views.narrowing import address

COLUMNS = (
    "document", "id", "title", "url", "x", "y", "cluster", "score", "added", "metadata"
)  # fmt: skip


@require_safe
def map_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What `?q=` and `?filter=` choose, all of it: JSON, or with `?form=csv` CSV."""
    found = get_object_or_404(
        Collection.objects.visible_to(request.user).select_related("embedding_model"), pk=pk
    )
    given = request.GET
    try:
        chosen = maps.chosen(request.user, found, given.get("q", ""), given.getlist("filter"))
    except (Rejected, ModelMissing) as error:
        messages.error(request, str(error))
        return redirect("map", pk)
    rows = maps.exported(chosen)
    if given.get("form") == "csv":
        return _file(csv_cells.lines(COLUMNS, rows), "text/csv; charset=utf-8", "map.csv")
    return _file(_json(rows), "application/json", "map.json")


@login_required
@require_POST
def map_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """A new collection, named `name`, of what `q` and `filter` choose."""
    found = get_object_or_404(
        Collection.objects.visible_to(request.user).select_related("embedding_model"), pk=pk
    )
    user: Any = request.user
    given = request.POST
    wanted = given.getlist("filter")
    try:
        made, result = maps.copy(user, found, given.get("name", ""), given.get("q", ""), wanted)
    except (Rejected, ModelMissing) as error:
        messages.error(request, str(error))
        kept = address(given, name=None, csrfmiddlewaretoken=None)
        return redirect(f"/c/{pk}/map/{kept}")
    count = len(result.added)
    messages.success(
        request,
        ngettext(
            "%(count)d document was copied into the new collection.",
            "%(count)d documents were copied into the new collection.",
            count,
        )
        % {"count": count},
    )
    if result.problems:
        messages.warning(
            request, _("Left out: %(reason)s") % {"reason": result.problems[0].message}
        )
    return redirect("collection", made.pk)


def _file(lines: Iterator[str], kind: str, name: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type=kind, headers=headers)


def _json(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """An array, one document a line."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"
