"""The map of a collection: its page with the table beside it, and what the page draws."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from collections_app.encoders import ModelMissing
from collections_app.models import Collection, Document, long_columns
from collections_app.services import Rejected
from search_app import map_values, maps
from search_app.analysis import layout
from search_app.models import Cluster, CollectionMap
from search_app.packed_answers import packed_response
from search_app.queries import many, points
from search_app.views.documents import _whole
from search_app.views.narrowing import Link, address

ROWS_PER_PAGE = 25
MOST_TITLES = 200
CLUSTERS_LISTED = 100


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def map_page(request: HttpRequest, pk: int) -> HttpResponse:
    """`?q=` and `?filter=` choose what the table lists; a POST asks for the map anew,
    by `method`: pca or umap."""
    if request.method == "POST":
        found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
        wanted = request.POST.get("method") == CollectionMap.Method.UMAP
        try:
            maps.request(found, CollectionMap.Method.UMAP if wanted else CollectionMap.Method.PCA)
        except Rejected as error:
            messages.error(request, str(error))
            return redirect("map", pk)
        messages.success(request, _("The map is being made."))
        return redirect("map", pk)
    found = _collection(request, pk)
    context = _chosen(request, found)
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "search_app/_map_table.html", context)
        response["HX-Push-Url"] = request.get_full_path()
        return response
    status = 422 if context.get("problem") else 503 if context.get("missing") else 200
    return render(request, "search_app/map.html", context | _around(request, found), status=status)


@never_cache
@require_safe
def map_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The line about its making alone; once it is done, the page loads itself anew."""
    found = _collection(request, pk)
    made = maps.map_of(request.user, found)
    context = {"collection": found, "map": made, "waiting": _ready(found).count()}
    response = render(request, "search_app/_map_state.html", context)
    if made is None or made.state != CollectionMap.State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_safe
def map_points(request: HttpRequest, pk: int) -> HttpResponse:
    """Every point, as `analysis.packing` has it."""
    return packed_response(request, maps.packed(request.user, _collection(request, pk)))


@require_safe
def map_values_page(request: HttpRequest, pk: int) -> HttpResponse:
    """`?name=` of a field, or `score` with `?q=`: a value for each point, packed likewise."""
    found = _collection(request, pk)
    given = request.GET
    try:
        block = map_values.column(request.user, found, given.get("name", ""), given.get("q", ""))
    except (Rejected, ModelMissing) as error:
        return _refused(error)
    return packed_response(request, block)


@require_safe
def map_hits(request: HttpRequest, pk: int) -> HttpResponse:
    """The documents that light up: numbers of what `?q=` and `?filter=` find, best first."""
    found = _collection(request, pk)
    given = request.GET
    try:
        hits = maps.chosen(
            request.user, found, given.get("q", ""), given.getlist("filter"), maps.HITS
        )
    except (Rejected, ModelMissing) as error:
        return _refused(error)
    return JsonResponse({"documents": hits.ids, "total": hits.total})


@require_safe
def map_titles(request: HttpRequest, pk: int) -> HttpResponse:
    """Titles of the documents `?d=1,2,3`."""
    found = _collection(request, pk)
    wanted = [int(one) for one in request.GET.get("d", "").split(",") if one.isdecimal()]
    rows = Document.objects.filter(collection=found, pk__in=_possible(wanted)[:MOST_TITLES])
    return JsonResponse({row.pk: str(row) for row in rows.defer(*long_columns())})


def _possible(numbers: list[int]) -> list[int]:
    """Those that the database can hold."""
    return [number for number in numbers if number < 2**63]


def _refused(error: Exception) -> HttpResponse:
    status = 503 if isinstance(error, ModelMissing) else 422
    return JsonResponse({"detail": str(error)}, status=status)


def _collection(request: HttpRequest, pk: int) -> Collection:
    rows = Collection.objects.visible_to(request.user).select_related("embedding_model")
    return get_object_or_404(rows, pk=pk)


def _ready(collection: Collection) -> QuerySet[Document]:
    return collection.documents.filter(state=Document.State.READY)


@dataclass(frozen=True)
class Row:
    document: Document
    score: float | None


def _chosen(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    """What the table lists, and what can be done with it."""
    given = request.GET
    text, wanted = given.get("q", ""), given.getlist("filter")
    context: dict[str, Any] = {
        "collection": collection,
        "q": text,
        "filters": wanted,
        "chips": _chips(request, collection, wanted),
        "address": address(given),
        "most_copied": maps.MOST_COPIED,
    }
    number = given.get("page", "1")
    page = int(number) if number.isdecimal() and len(number) < 7 and int(number) else 1
    try:
        found = maps.chosen(
            request.user, collection, text, wanted, ROWS_PER_PAGE, ROWS_PER_PAGE * (page - 1)
        )
    except Rejected as error:
        return context | {"problem": str(error)}
    except ModelMissing as error:
        return context | {"missing": str(error)}
    paginator = Paginator(range(found.total), ROWS_PER_PAGE)
    if page > paginator.num_pages:
        raise Http404
    rows = [Row(one, found.cosines.get(one.pk)) for one in maps.rows(found.ids)]
    listed: Any = Page(rows, page, paginator)
    return context | {"page": listed, "found": found}


def _chips(request: HttpRequest, collection: Collection, wanted: list[str]) -> list[Link]:
    """The filters in words, each with the address of the page without it."""
    names = {
        f"map_cluster:{pk}": name
        for pk, name in Cluster.objects.filter(collection=collection).values_list("pk", "name")
    } | {"map_cluster:none": _("in no cluster")}
    return [
        Link(
            _("drawn area") if one.startswith("map_area:") else names.get(one, one),
            address(request.GET, filter=wanted[:place] + wanted[place + 1 :]),
        )
        for place, one in enumerate(wanted)
    ]


def _is_sample(made: CollectionMap | None, collection: Collection) -> bool:
    """Whether a map was made from some of the documents and the others placed by it."""
    if made is None or made.fitted not in (many.SAMPLE, layout.MOST):
        return False
    return points.count(collection, None) > made.fitted


def _around(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    """What the whole page shows besides the table."""
    made = maps.map_of(request.user, collection)
    wanted = [one for one in request.GET.getlist("filter") if one.startswith("map_cluster:")]
    ready = (
        _ready(collection).count() if not made or made.state == CollectionMap.State.QUEUED else 1
    )
    return {
        "can_edit": collection.is_editable_by(request.user),
        "map": made,
        "has_points": points.has_points(collection),
        "waiting": ready,
        "fields": map_values.fields(collection) if made and made.built else [],
        "clusters": Cluster.objects.of(collection)[:CLUSTERS_LISTED],
        "chosen_cluster": _whole(wanted[0].partition(":")[2]) if len(wanted) == 1 else None,
        "any_ready": bool(ready),
        "methods": CollectionMap.Method.choices,
        "is_umap": made is not None and made.method == CollectionMap.Method.UMAP,
        "has_umap": layout.installed(),
        "is_sample": _is_sample(made, collection),
        "tab": "map",
    }
