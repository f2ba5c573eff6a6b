"""The search page. htmx asks for its results alone."""

import re
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from collections_app.encoders import ModelMissing
from collections_app.models import Collection, Viewer
from collections_app.services import Rejected
from search_app import past
from search_app import search as searching
from search_app.examples import examples
from search_app.forms import SearchForm
from search_app.reranking import applies
from search_app.views import narrowing

HITS_PER_PAGE = searching.HITS_PER_PAGE
FORM = "search-form"  # its field asks too, at each pause in typing
PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
BALANCE = re.compile(r"0(\.[0-9]{1,6})?|1(\.0{1,6})?")


@require_safe
@vary_on_headers("HX-Request", "HX-History-Restore-Request")
def search(request: HttpRequest) -> HttpResponse:
    """`?q=`, `?c=` a collection's number, `?page=`, and as the API has them `?filter=`, as
    often as wanted, `?sort=`, `?balance=`, `?fold=0` and `?rerank=0`."""
    form = SearchForm(request.GET, user=request.user)
    context, status = _found(request, form)
    if status == 200 and _is_meant(request):
        past.remember(request.user, form.cleaned_data["q"])
    if _wants_part(request):  # 200 always: htmx puts no other answer into the page
        return render(request, "search_app/_results.html", context)
    return render(request, "search_app/search.html", {"form": form, **context}, status=status)


def _found(request: HttpRequest, form: SearchForm) -> tuple[dict[str, Any], int]:
    """What the results part shows, and the status of the answer."""
    if not form.is_valid():
        return {"problems": [text for texts in form.errors.values() for text in texts]}, 422
    query, collection = form.cleaned_data["q"], form.cleaned_data["c"]
    if not query and not request.GET.getlist("filter"):
        return _before(request.user), 200
    try:
        page, found = _page(request, query, collection, _number(request.GET.get("page", "")))
    except ModelMissing as error:
        return {"missing": str(error)}, 503
    except Rejected as error:
        return {"problems": [str(error)]}, 422
    given, asked = request.GET, found.asked
    context = {
        "query": query,
        "collection": collection,
        "page": page,
        "found": found,
        "filters": given.getlist("filter"),
        "chips": narrowing.chips(given, asked),
        "choices": narrowing.choices(given, found.facets or [], asked.collections),
        "counted": found.facets_of if found.facets_sampled else 0,
        "orders": narrowing.orders(given, bool(asked.query.text)),
        "balance": balance_of(given),
        "folds": folds(given),
        "other_folding": _other_folding(given, bool(asked.query.text)),
        "reranks": reranks(given),
        "other_reranking": _other_reranking(given, bool(asked.query.text)),
    }
    return context, 200


def _before(user: Viewer) -> dict[str, Any]:
    """The state before the first query: examples where there is demo content to find."""
    return {
        **examples(user),
        "nothing_to_search": not Collection.objects.visible_to(user).exists(),
    }


def _page(
    request: HttpRequest, query: str, collection: Collection | None, number: int
) -> tuple[Page[searching.Hit], searching.Results]:
    """One page of hits; the last one where the number is too high."""
    while True:
        found = searching.search(
            request.user,
            query,
            collection=collection,
            limit=HITS_PER_PAGE,
            offset=HITS_PER_PAGE * (number - 1),
            wanted=request.GET.getlist("filter"),
            sort=request.GET.get("sort", ""),
            balance=balance_of(request.GET),
            fold=folds(request.GET),
            rerank=reranks(request.GET),
            with_facets=True,
        )
        paginator = Paginator(range(min(found.total, searching.DEEPEST)), HITS_PER_PAGE)
        if number <= paginator.num_pages:
            return Page(found.hits, number, paginator), found  # type: ignore[arg-type]
        number = paginator.num_pages


def balance_of(params: QueryDict) -> float | None:
    """From words alone, 0, to meaning alone, 1; None for what is no such number."""
    given = params.get("balance", "")
    return float(given) if BALANCE.fullmatch(given) else None


def folds(given: QueryDict) -> bool:
    return given.get("fold") != "0"


def reranks(given: QueryDict) -> bool:
    return given.get("rerank") != "0"


def _other_folding(given: QueryDict, has_text: bool) -> str:
    """Where the search leads with near duplicates apart, or folded; a list does not fold."""
    return narrowing.address(given, fold="0" if folds(given) else None) if has_text else ""


def _other_reranking(given: QueryDict, has_text: bool) -> str:
    """Where the search leads with the reranker, or without it; empty where it has no say."""
    by_relevance = given.get("sort", "") in ("", "relevance")
    if not (settings.RERANKER and has_text and by_relevance and applies(balance_of(given))):
        return ""
    return narrowing.address(given, rerank="0" if reranks(given) else None)


def _number(given: str) -> int:
    """The page asked for; 1 for what is not the number of a page. None lies beyond `DEEPEST`."""
    return min(int(given), searching.DEEPEST) if PAGE_NUMBER.fullmatch(given) else 1


def _is_meant(request: HttpRequest) -> bool:
    """Whether someone asked for this search, not for what is typed so far or for more of it."""
    htmx = request.htmx  # type: ignore[attr-defined]
    sent = not htmx or (htmx.trigger == FORM and not htmx.history_restore_request)
    return request.method == "GET" and sent and "page" not in request.GET


def _wants_part(request: HttpRequest) -> bool:
    """Going back in the browser's history asks by htmx too, but for the whole page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request
