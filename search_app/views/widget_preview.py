"""How the related lists of a public collection come to other sites: code to copy, and a look."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from collections_app.models import Collection, Document, long_columns
from search_app.analysis.page_addresses import spellings
from search_app.queries import related_lists

EXAMPLE = "https://www.example.org/page"


@require_safe
def widget_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """`?document=` one by its number, or `?url=` the page of another site; else the first
    document that has a list."""
    found = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    url = request.GET.get("url", "").strip()
    document = None if url else _document(found, request.GET.get("document", ""))
    is_public = found.visibility == Collection.Visibility.PUBLIC
    known = _at(found, url) if url and is_public else document
    context: dict[str, Any] = {
        "collection": found,
        "can_edit": found.is_editable_by(request.user),
        "is_public": is_public,
        "document": document,
        "url": url,
        "known": known,
        "not_an_address": bool(url) and not spellings(url),
        "script": request.build_absolute_uri(f"{settings.STATIC_URL}dist/related.js"),
        "styles": request.build_absolute_uri(f"{settings.STATIC_URL}dist/widget.css"),
        **_addresses(request, found, document, url),
    }
    return render(request, "search_app/widget_preview.html", context)


def _document(collection: Collection, given: str) -> Document | None:
    rows = collection.documents.defer(*long_columns())
    if given.isascii() and given.isdigit() and len(given) < 19:
        return rows.filter(pk=int(given)).first()
    return rows.filter(related__isnull=False).order_by("pk").first()


def _at(collection: Collection, url: str) -> Document | None:
    number = related_lists.public_document_at(collection, spellings(url))
    return collection.documents.defer(*long_columns()).filter(pk=number or 0).first()


def _addresses(
    request: HttpRequest, collection: Collection, document: Document | None, url: str
) -> dict[str, str]:
    """Where the frame, the HTML and the JSON are, as they are written into another page."""
    kinds = {"frame": "widget", "html": "html", "json": "json"}
    if document is not None:
        return {
            kind: request.build_absolute_uri(reverse(f"related_{name}", args=[document.pk]))
            for kind, name in kinds.items()
        }
    query = urlencode({"url": url or EXAMPLE})
    return {
        kind: request.build_absolute_uri(reverse(f"page_{name}", args=[collection.pk]))
        + f"?{query}"
        for kind, name in kinds.items()
    }
