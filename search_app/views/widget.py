"""The related list for other sites: HTML for a frame, and JSON.

Of public collections alone, the same for everyone: no session is read, no cookie set.
"""

import re
from collections.abc import Callable

from csp.decorators import csp_replace
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_cache_control, set_response_etag
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from collections_app.models import Document
from search_app.models import RelatedDocument
from search_app.related import related

MOST = 10
EVERYONE = AnonymousUser()
NUMBER = re.compile(rf"[1-9]|{MOST}")

Entries = list[dict[str, str | int | float]]


@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})  # type: ignore[arg-type]
def related_widget(request: HttpRequest, pk: int) -> HttpResponse:
    """`?n=` entries as a page that works in a frame, without scripts; bare if there are none."""
    return _answer(
        request, pk, lambda found: render(request, "search_app/widget.html", {"entries": found})
    )


@require_safe
def related_json(request: HttpRequest, pk: int) -> HttpResponse:
    """`?n=` entries as `[{"id", "external_id", "title", "url", "score"}]`."""
    return _answer(request, pk, lambda found: JsonResponse(found, safe=False))


def _answer(request: HttpRequest, pk: int, make: Callable[[Entries], HttpResponse]) -> HttpResponse:
    """What `make` makes of the entries, or 304 where the client has it already."""
    given = request.GET.get("n", str(MOST))
    if not NUMBER.fullmatch(given):
        message = _("n must be a whole number from 1 to %d.") % MOST
        return HttpResponseBadRequest(message, content_type="text/plain; charset=utf-8")
    response = make(_entries(request, pk, int(given)))
    set_response_etag(response)
    # Asked for again each time: what is made private or deleted is gone at once.
    patch_cache_control(response, public=True, no_cache=True)
    answer = get_conditional_response(request, etag=response["ETag"], response=response)
    assert answer is not None  # it was given a response
    return answer


def _entries(request: HttpRequest, pk: int, limit: int) -> Entries:
    found = Document.objects.visible_to(EVERYONE).only("pk").filter(pk=pk).first()
    if found is None:
        raise Http404
    return [_entry(request, row) for row in related(found, EVERYONE, limit)]


def _entry(request: HttpRequest, row: RelatedDocument) -> dict[str, str | int | float]:
    return {
        "id": row.other_id,
        "external_id": row.other.external_id,
        "title": str(row.other),
        "url": request.build_absolute_uri(row.other.get_absolute_url()),
        "score": round(row.score, 4),
    }
