"""Clusters: those of a collection, how their making stands, and the documents of one."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.models import Collection, Document
from collections_app.services import Rejected
from search_app import cluster_times
from search_app import clusters as clustering
from search_app.forms import ClusteringForm, ClusterNameForm
from search_app.models import Cluster, Clustering
from search_app.queries import months

MEMBERS_PER_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def clusters(request: HttpRequest, pk: int) -> HttpResponse:
    """The clusters in their order; a POST asks for new ones."""
    if request.method == "POST":
        return _rebuild(request, pk)
    found = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    return _page(request, found, ClusteringForm())


@never_cache
@require_safe
def clusters_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The line about their making alone; once it is done, the page loads itself anew."""
    found = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    return _state(request, found)


@never_cache
@require_safe
def cluster_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The same of what a cluster is split into."""
    found = _visible(request, pk)
    return _state(request, found.collection, found)


def _state(
    request: HttpRequest, collection: Collection, parent: Cluster | None = None
) -> HttpResponse:
    made = clustering.clustering(request.user, collection, parent)
    context = {"collection": collection, "clustering": made}
    response = render(request, "search_app/_clustering.html", context)
    if made is None or made.state != Clustering.State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def cluster(request: HttpRequest, pk: int) -> HttpResponse:
    """What it is split into, and its documents, the most typical first; a POST names it."""
    if request.method == "POST":
        return _rename(request, pk)
    return _cluster_page(request, _visible(request, pk))


@require_POST
def cluster_split(request: HttpRequest, pk: int) -> HttpResponse:
    """Into clusters of its own documents."""
    found = _editable(request, pk)
    form = ClusteringForm(request.POST)
    if _requested(form, found.collection, found):
        messages.success(request, _("The cluster is being split."))
        return redirect("cluster", pk)
    return _cluster_page(request, found, splitting=form, status=422)


@require_POST
def cluster_unsplit(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove what it is split into."""
    found = _editable(request, pk)
    if clustering.unsplit(found):
        messages.success(request, _("The cluster is whole again."))
    return redirect("cluster", pk)


def _visible(request: HttpRequest, pk: int) -> Cluster:
    return _of(Collection.objects.visible_to(request.user), pk)


def _editable(request: HttpRequest, pk: int) -> Cluster:
    return _of(Collection.objects.editable_by(request.user), pk)


def _of(collections: QuerySet[Collection], pk: int) -> Cluster:
    rows = Cluster.objects.filter(collection__in=collections).defer("centroid")
    return get_object_or_404(rows.select_related("collection", "clustering"), pk=pk)


def _rename(request: HttpRequest, pk: int) -> HttpResponse:
    found = _editable(request, pk)
    form = ClusterNameForm(request.POST)
    if form.is_valid():
        clustering.rename(found, form.cleaned_data["name"])
        told = _("The cluster is called “%(name)s” now, and keeps that name.")
        if not found.renamed:
            told = _("The cluster is called “%(name)s” again, by its words.")
        messages.success(request, told % {"name": found.name})
        return redirect("cluster", pk)
    return _cluster_page(request, found, form, status=422)


def _cluster_page(
    request: HttpRequest,
    found: Cluster,
    form: ClusterNameForm | None = None,
    splitting: ClusteringForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user, home = request.user, found.collection
    members = clustering.members(user, found)
    parts = clustering.clusters(user, home, found)
    context = _times(request, found) | {
        "cluster": found,
        "above": clustering.above(found),
        "clustering": clustering.clustering(user, home, found),
        "clusters": clustering.typical(parts),
        "outside": clustering.outside(user, home, found),
        "fewest_split": clustering.FEWEST_SPLIT,
        "deepest": found.clustering.depth >= clustering.DEEPEST,
        "form": form or ClusterNameForm(initial={"name": found.name}),
        "splitting": splitting or ClusteringForm(),
        "can_edit": found.collection.is_editable_by(request.user),
        "collection": found.collection,
        "page": Paginator(members, MEMBERS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "search_app/cluster.html", context, status=status)


def _times(request: HttpRequest, found: Cluster) -> dict[str, Any]:
    """The timeline by `?by=`, a date of the metadata, as bars in a picture of 100 by 40."""
    by = request.GET.get("by", "")
    try:
        spans = cluster_times.timeline(found, by)
    except Rejected as error:
        return {"by": by, "fields": months.fields(found), "problem": str(error)}
    width, most = 100 / max(len(spans), 1), max([one.count for one in spans], default=1)
    bars = [
        {
            "span": one,
            "x": round(place * width, 3),
            "y": round(40 - 38 * one.count / most, 3),
            "width": round(width * 0.9, 3),
            "height": round(38 * one.count / most, 3),
        }
        for place, one in enumerate(spans)
    ]
    return {"by": by, "fields": months.fields(found), "bars": bars}


def _rebuild(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    form = ClusteringForm(request.POST)
    if _requested(form, found):
        messages.success(request, _("The clusters are being made."))
        return redirect("clusters", pk)
    return _page(request, found, form, status=422)


def _requested(form: ClusteringForm, collection: Collection, parent: Cluster | None = None) -> bool:
    """Whether they are asked for; if not, the form says why."""
    if not form.is_valid():
        return False
    try:
        clustering.request(collection, **form.cleaned_data, parent=parent)
    except Rejected as error:
        form.add_error(None, str(error))
        return False
    return True


def _page(
    request: HttpRequest, collection: Collection, form: ClusteringForm, status: int = 200
) -> HttpResponse:
    rows = clustering.clusters(request.user, collection)
    ready = collection.documents.filter(state=Document.State.READY)
    context = {
        "collection": collection,
        "can_edit": collection.is_editable_by(request.user),
        "clustering": clustering.clustering(request.user, collection),
        "clusters": clustering.typical(rows),
        "any_ready": ready.exists(),
        "outside": clustering.outside(request.user, collection),
        "form": form,
        "tab": "clusters",
    }
    return render(request, "search_app/clusters.html", context, status=status)
