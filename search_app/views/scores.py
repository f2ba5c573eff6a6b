"""Pages of axes and label sets."""

from typing import Any

import numpy as np
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.encoders import ModelMissing
from collections_app.models import Collection, long_columns
from collections_app.services import Rejected
from search_app import axes, label_lines, label_sets
from search_app.analysis.centroids import histogram
from search_app.models import Axis, LabelSet
from search_app.scores_forms import AxisForm, LabelSetForm, MarginForm, TaxonomyForm
from search_app.views.looking import _told
from search_app.views.narrowing import address

PER_PAGE = 50
NUMBER = 1000  # of what a bound in the address may be


@require_safe
def scores(request: HttpRequest, pk: int) -> HttpResponse:
    """The axes and label sets of a collection."""
    found = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    return render(request, "search_app/scores.html", _of_collection(request, found))


@require_http_methods(["GET", "HEAD", "POST"])
def axis_new(request: HttpRequest, pk: int) -> HttpResponse:
    return _new(request, pk, AxisForm, axes.make_axis, "search_app/axis_new.html")


@require_http_methods(["GET", "HEAD", "POST"])
def label_set_new(request: HttpRequest, pk: int) -> HttpResponse:
    return _new(
        request, pk, LabelSetForm, label_sets.make_label_set, "search_app/label_set_new.html"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def taxonomy_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Labels with descriptions; with `?example=dewey` ten are written into the form."""
    initial = {}
    if request.GET.get("example") == "dewey":
        name = _("Dewey's main classes")
        initial = {"name": name, "examples": label_lines.DEWEY.read_text(encoding="utf-8")}
    template = "search_app/taxonomy_new.html"
    return _new(request, pk, TaxonomyForm, label_sets.make_label_set, template, initial)


def _new(
    request: HttpRequest,
    pk: int,
    kind: Any,
    make: Any,
    template: str,
    initial: dict[str, str] | None = None,
) -> HttpResponse:
    rows = Collection.objects.editable_by(request.user).select_related("embedding_model")
    found = get_object_or_404(rows, pk=pk)
    form = kind(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = make(found, **form.cleaned_data)
        except (Rejected, ModelMissing) as error:
            form.add_error(None, _told(request, error))
        else:
            return redirect(made)
    status = 422 if request.method == "POST" else 200
    return render(request, template, _of_collection(request, found) | {"form": form}, status=status)


@require_safe
def axis(request: HttpRequest, pk: int) -> HttpResponse:
    """A text to type, and the documents on the axis: `?from=&to=&order=high`."""
    found = _axis(request, pk)
    context = _of_collection(request, found.collection) | {"axis": found, "tones": _tones()}
    try:
        ids, places = axes.score_documents(found)
    except (Rejected, ModelMissing) as error:
        return render(request, "search_app/axis.html", context | {"problem": _told(request, error)})
    low, high = (_bound(request.GET.get(name)) for name in ("from", "to"))
    kept = np.ones(len(ids), bool)
    kept &= True if low is None else places >= low
    kept &= True if high is None else places <= high
    shown = np.flatnonzero(kept)
    if request.GET.get("order") == "high":
        shown = shown[::-1]
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    chosen = np.asarray(page.object_list, np.int64)
    context |= {
        "page": page,
        "rows": axes.documents_on(ids[chosen], places[chosen]),
        "bars": _bars(places) if len(ids) else [],
        "count": len(ids),
        "order": request.GET.get("order", ""),
        "low": "" if low is None else low,
        "high": "" if high is None else high,
    }
    return render(request, "search_app/axis.html", context)


@require_POST
def axis_text(request: HttpRequest, pk: int) -> HttpResponse:
    """The sentences of a text in their colours, while it is typed."""
    found = _axis(request, pk)
    context: dict[str, Any] = {"axis": found}
    try:
        context["sentences"] = axes.score_text(found, request.POST.get("text", ""))
    except (Rejected, ModelMissing) as error:
        context["problem"] = _told(request, error)
    return render(request, "search_app/_axis_text.html", context)


@require_POST
def axis_delete(request: HttpRequest, pk: int) -> HttpResponse:
    return _delete(request, Axis, pk, _("The axis is deleted."))


@require_http_methods(["GET", "HEAD", "POST"])
def label_set(request: HttpRequest, pk: int) -> HttpResponse:
    """How well the labels are told apart, and what they were given to; POST changes the margin
    and gives them anew."""
    found = _label_set(request, pk)
    form = MarginForm(request.POST or None, instance=found)
    status = 200
    if request.method == "POST":
        get_object_or_404(Collection.objects.editable_by(request.user), pk=found.collection_id)
        status = 422
        if form.is_valid():
            form.save()
            try:
                count = label_sets.assign(found)
                messages.success(request, _("Labels given: %(count)d.") % {"count": count})
                return redirect(found)
            except (Rejected, ModelMissing) as error:
                form.add_error(None, _told(request, error))
    context = _of_collection(request, found.collection) | {"set": found, "form": form}
    try:
        context |= _measured(found)
    except (Rejected, ModelMissing) as error:
        context["problem"] = _told(request, error)
    context |= _given(request, found)
    return render(request, "search_app/label_set.html", context, status=status)


def _given(request: HttpRequest, found: LabelSet) -> dict[str, Any]:
    """The documents with a label: all, `?label=` one's, or with `?none=1` those without."""
    label, none = request.GET.get("label", ""), "none" in request.GET
    given = found.assigned.filter(label="") if none else found.assigned.exclude(label="")
    if label and "\x00" not in label:
        given = given.filter(label=label)
    given = given.select_related("document").defer(*long_columns("document"))
    page = Paginator(given.order_by("-margin", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    counted = label_sets.counts(found)
    return {
        "page": page,
        "label": label,
        "none": none,
        "counts": counted,
        "address": address(request.GET, page=None),
        "all": sum(count for name, count in counted if name),
        "described": found.source == LabelSet.Source.DESCRIPTIONS,
    }


@require_POST
def label_set_delete(request: HttpRequest, pk: int) -> HttpResponse:
    return _delete(request, LabelSet, pk, _("The label set is deleted."))


def _axis(request: HttpRequest, pk: int) -> Axis:
    rows = Axis.objects.filter(collection__in=Collection.objects.visible_to(request.user))
    return get_object_or_404(rows.select_related("collection__embedding_model"), pk=pk)


def _label_set(request: HttpRequest, pk: int) -> LabelSet:
    rows = LabelSet.objects.filter(collection__in=Collection.objects.visible_to(request.user))
    return get_object_or_404(rows.select_related("collection__embedding_model"), pk=pk)


def _delete(request: HttpRequest, kind: Any, pk: int, said: str) -> HttpResponse:
    mine = Collection.objects.editable_by(request.user)
    found = get_object_or_404(kind.objects.filter(collection__in=mine), pk=pk)
    found.delete()
    messages.success(request, said)
    return redirect("scores", found.collection_id)


def _measured(found: LabelSet) -> dict[str, Any]:
    made, measured = label_sets.left_out(found)
    if not measured.count:  # one example a label, or descriptions: nothing to tell
        return {}
    share, right = measured.above(found.margin)
    rows = [
        {
            "name": name,
            "count": int((made.truth == place).sum()),
            "right": int(measured.confusion[place, place]),
            "all": int(measured.confusion[place].sum()),
            "taken_for": [
                (made.names[other], int(measured.confusion[place, other]))
                for other in np.argsort(-measured.confusion[place])[:4]
                if other != place and measured.confusion[place, other]
            ],
        }
        for place, name in enumerate(made.names)
    ]
    return {"measured": measured, "labels": rows, "share": share, "right": right}


def _bars(places: np.ndarray) -> list[dict[str, float]]:
    """The histogram as bars in a box of 100 by 40."""
    counts, edges = histogram(places, axes.BINS)
    most, width = max(counts), 100 / axes.BINS
    return [
        {
            "x": place * width,
            "width": width * 0.9,
            "height": 40 * count / most,
            "y": 40 - 40 * count / most,
            "count": count,
            "from": edges[place],
            "to": edges[place + 1],
            "tone": axes.Scored((edges[place] + edges[place + 1]) / 2).tone,
        }
        for place, count in enumerate(counts)
    ]


def _tones() -> list[int]:
    return list(range(-axes.TONES, axes.TONES + 1))


def _bound(given: str | None) -> float | None:
    try:
        value = float(given or "")
    except ValueError:
        return None
    return value if abs(value) <= NUMBER else None


def _of_collection(request: HttpRequest, found: Collection) -> dict[str, Any]:
    return {
        "collection": found,
        "can_edit": found.is_editable_by(request.user),
        "axes": Axis.objects.filter(collection=found),
        "label_sets": LabelSet.objects.filter(collection=found),
        "tab": "scores",
    }
