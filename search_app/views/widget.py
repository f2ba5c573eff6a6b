"""The related list for other sites: a page for a frame, HTML to include, and JSON.

Of public collections alone, the same for everyone: no session is read, no cookie set.
"""

import re
from collections.abc import Callable
from dataclasses import asdict

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from search_app.analysis.page_addresses import spellings
from search_app.origins import open_to
from search_app.queries import related_lists
from search_app.widget import MOST, Entry, List, list_of

NUMBER = re.compile(rf"[1-9]|{MOST}")
KEPT_SECONDS = 600  # an answer that was made, by its mark: what changes has another
VERSION = 1  # raised when answers look otherwise

Make = Callable[[HttpRequest, list[Entry]], HttpResponse]


def _frame(request: HttpRequest, entries: list[Entry]) -> HttpResponse:
    return _rendered("search_app/widget.html", request, entries)


def _html(request: HttpRequest, entries: list[Entry]) -> HttpResponse:
    return _rendered("search_app/_widget_list.html", request, entries)


def _rendered(template: str, request: HttpRequest, entries: list[Entry]) -> HttpResponse:
    """Without what pages know of the request: it is the same for everyone."""
    return HttpResponse(render_to_string(template, {"entries": _links(request, entries)}))


def _json(request: HttpRequest, entries: list[Entry]) -> HttpResponse:
    rows = [
        {**asdict(entry), "url": link["url"]}
        for entry, link in zip(entries, _links(request, entries), strict=True)
    ]
    return JsonResponse(rows, safe=False)


@require_safe
@xframe_options_exempt
def related_widget(request: HttpRequest, pk: int) -> HttpResponse:
    """`?n=` entries as a page that works in a frame, without scripts; bare if there are none."""
    return _of_document(request, pk, _frame)


@require_safe
def related_html(request: HttpRequest, pk: int) -> HttpResponse:
    """`?n=` entries as a piece of HTML to put into a page; nothing at all if there are none."""
    return _of_document(request, pk, _html)


@require_safe
def related_json(request: HttpRequest, pk: int) -> HttpResponse:
    """`?n=` entries as `[{"id", "external_id", "title", "url", "source", "score", "shares"}]`."""
    return _of_document(request, pk, _json)


@require_safe
@xframe_options_exempt
def page_widget(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for the page of another site at `?url=`, looked up in a collection."""
    return _of_page(request, pk, _frame)


@require_safe
def page_html(request: HttpRequest, pk: int) -> HttpResponse:
    return _of_page(request, pk, _html)


@require_safe
def page_json(request: HttpRequest, pk: int) -> HttpResponse:
    return _of_page(request, pk, _json)


def _of_document(request: HttpRequest, pk: int, make: Make) -> HttpResponse:
    if (problem := _problem(request)) is not None:
        return problem
    found = list_of(pk, _wanted(request))
    if found is None:
        raise Http404
    return _answer(request, found, make)


def _of_page(request: HttpRequest, pk: int, make: Make) -> HttpResponse:
    """A page that the collection does not have is related to nothing."""
    if (problem := _problem(request)) is not None:
        return problem
    collection = related_lists.public_collection(pk)
    if collection is None:
        raise Http404
    addresses = spellings(request.GET.get("url", ""))
    if not addresses:
        return _refused(_("url must be the address of a page, such as https://example.org/a."))
    document = related_lists.public_document_at(collection, addresses)
    found = list_of(document, _wanted(request)) if document else None
    return _answer(request, found or List(None, 0, collection.widget_origins), make)


def _wanted(request: HttpRequest) -> int:
    return int(request.GET.get("n", MOST))


def _problem(request: HttpRequest) -> HttpResponse | None:
    if NUMBER.fullmatch(request.GET.get("n", str(MOST))):
        return None
    return _refused(_("n must be a whole number from 1 to %d.") % MOST)


def _refused(message: str) -> HttpResponse:
    return HttpResponseBadRequest(message, content_type="text/plain; charset=utf-8")


def _answer(request: HttpRequest, found: List, make: Make) -> HttpResponse:
    """What `make` makes of the list, or 304 where the client has it already.

    Asked for again each time, so that what is made private or deleted is gone at once; but what
    was made is kept by the mark of the list.
    """
    etag = f'W/"{VERSION}-{make.__name__}-{get_language()}-{found.mark}"'
    answer = get_conditional_response(request, etag=etag)
    if answer is None or answer.status_code != 304:
        answer = _kept(request, etag, found, make)
    answer["ETag"] = etag
    patch_cache_control(answer, public=True, no_cache=True)
    open_to(answer, request, found.origins, framed=make is _frame)
    return answer


def _kept(request: HttpRequest, etag: str, found: List, make: Make) -> HttpResponse:
    key = f"widget:{request.get_host()}:{request.is_secure()}:{etag}"
    kept: tuple[bytes, str] | None = cache.get(key)
    if kept is None:
        made = make(request, found.entries())
        kept = made.content, made["Content-Type"]
        cache.set(key, kept, KEPT_SECONDS)
    return HttpResponse(kept[0], content_type=kept[1])


def _links(request: HttpRequest, entries: list[Entry]) -> list[dict[str, object]]:
    """What the templates show: a link leads to the page that a document came from, or here."""
    rows, site = [], request.build_absolute_uri("/").removesuffix("/")
    for entry in entries:
        url = site + reverse("document", args=[entry.id])
        rows.append({"entry": entry, "url": url, "link": entry.source or url})
    return rows
