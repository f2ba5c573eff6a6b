"""The search page. htmx asks for its results alone."""

import re
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from collections_app.encoders import ModelMissing
from collections_app.models import Collection, Viewer
from search_app import search as searching
from search_app.examples import examples
from search_app.forms import SearchForm

HITS_PER_PAGE = 20
PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


@require_safe
@vary_on_headers("HX-Request", "HX-History-Restore-Request")
def search(request: HttpRequest) -> HttpResponse:
    """`?q=`, `?c=` a collection's number, `?page=`."""
    form = SearchForm(request.GET, user=request.user)
    context, status = _found(request, form)
    if _wants_part(request):  # 200 always: htmx puts no other answer into the page
        return render(request, "search_app/_results.html", context)
    return render(request, "search_app/search.html", {"form": form, **context}, status=status)


def _found(request: HttpRequest, form: SearchForm) -> tuple[dict[str, Any], int]:
    """What the results part shows, and the status of the answer."""
    if not form.is_valid():
        return {"problems": [text for texts in form.errors.values() for text in texts]}, 422
    query, collection = form.cleaned_data["q"], form.cleaned_data["c"]
    if not query:
        return _before(request.user), 200
    try:
        page = _page(request.user, query, collection, _number(request.GET.get("page", "")))
    except ModelMissing as error:
        return {"missing": str(error)}, 503
    return {"query": query, "collection": collection, "page": page}, 200


def _before(user: Viewer) -> dict[str, Any]:
    """The state before the first query: examples where there is demo content to find."""
    return {
        **examples(user),
        "nothing_to_search": not Collection.objects.visible_to(user).exists(),
    }


def _page(
    user: Viewer, query: str, collection: Collection | None, number: int
) -> Page[searching.Hit]:
    """One page of hits; the last one where the number is too high."""
    while True:
        found = searching.search(
            user,
            query,
            collection=collection,
            limit=HITS_PER_PAGE,
            offset=HITS_PER_PAGE * (number - 1),
        )
        paginator = Paginator(range(found.total), HITS_PER_PAGE)
        if number <= paginator.num_pages:
            return Page(found.hits, number, paginator)  # type: ignore[arg-type]
        number = paginator.num_pages


def _number(given: str) -> int:
    """The page asked for; 1 for what is not the number of a page."""
    return int(given) if PAGE_NUMBER.fullmatch(given) else 1


def _wants_part(request: HttpRequest) -> bool:
    """Going back in the browser's history asks by htmx too, but for the whole page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request
