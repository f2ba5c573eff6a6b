"""The page of a document: its text, what is around it, and how far its embedding is."""

import re
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from collections_app.models import Collection, Document, long_columns
from collections_app.pipeline.heading_levels import levelled
from search_app.models import ClusterMember
from search_app.reasons import give
from search_app.related import related
from search_app.views.listings import language_of, lines_of
from search_app.views.reading import Span, part_of, with_places

OFFSET = re.compile(r"[0-9]{1,9}")


@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """`?p=` opens at a passage, `?start=&end=` at a span of characters, `?part=` further down.

    A long text comes in parts, so that none is too much for a browser.
    """
    rows = Document.objects.visible_to(request.user).select_related("collection", "blob")
    found = get_object_or_404(rows, pk=pk)
    kept = list(found.active_passages().order_by("ordinal").values_list("start", "end", "place"))
    passages = [(start, end) for start, end, _place in kept]
    mark = _mark(request, passages, len(found.text))
    lines = lines_of(found, kept) if language_of(found) else []
    part = part_of(found, passages, mark, _whole(request.GET.get("part")), lines)
    part = with_places(part, [place for _start, _end, place in kept])
    untitled = part.number == 1 and _opens_with_title(found)
    part = replace(part, html=levelled(part.html, untitled=untitled))
    listed = related(found, request.user, 10)
    give(found, listed)
    members = ClusterMember.objects.filter(document=found, cluster__isnull=False)
    context = {
        "document": found,
        "collection": found.collection,
        "can_edit": found.collection.is_editable_by(request.user),
        "passage_count": len(passages),
        "part": part,
        "opens_with_title": untitled,
        "facts": [(str(key), _readable(value)) for key, value in found.metadata.items()],
        "related": listed,
        "labels": found.labels.exclude(label="")
        .select_related("label_set")
        .defer("label_set__examples")
        .order_by("label_set__name"),
        "members": members.select_related("cluster").defer("cluster__centroid").order_by("depth"),
        "is_public": found.collection.visibility == Collection.Visibility.PUBLIC,
    }
    return render(request, "search_app/document.html", context)


@never_cache
@require_safe
def document_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The line about its state alone; once nothing is waiting, the page loads itself anew."""
    rows = Document.objects.visible_to(request.user).select_related("collection")
    found = get_object_or_404(rows.defer(*long_columns()), pk=pk)
    context = {"document": found, "can_edit": found.collection.is_editable_by(request.user)}
    response = render(request, "search_app/_state.html", context)
    if found.state != Document.State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


def _mark(request: HttpRequest, passages: list[Span], length: int) -> Span | None:
    """The span to be marked; None without one, and for one that is not in the text."""
    ordinal = _whole(request.GET.get("p"))
    if ordinal is not None:
        return passages[ordinal] if ordinal < len(passages) else None
    start, end = _whole(request.GET.get("start")), _whole(request.GET.get("end"))
    if start is None or end is None or not start < end <= length:
        return None
    return start, end


def _opens_with_title(document: Document) -> bool:
    """Whether the text begins with the heading that the page has already."""
    first = document.text[:1000].lstrip().split("\n", 1)[0]
    return first.startswith("#") and first.strip("# \t") == document.title


def _whole(given: str | None) -> int | None:
    return int(given) if given and OFFSET.fullmatch(given) else None


def _readable(value: Any) -> str:
    """A value of the metadata on one line: lists by commas, objects as `name: value`."""
    if isinstance(value, list):
        return ", ".join(map(_readable, value))
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_readable(inner)}" for key, inner in value.items())
    return "" if value is None else str(value)
