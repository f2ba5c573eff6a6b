"""The page about how good search is in a collection, and the page of one evaluation."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.models import Collection, Document
from collections_app.services import Rejected
from search_app import quality as measuring
from search_app.editing import editable
from search_app.evaluation import weighing
from search_app.evaluation.measures import NAMES, NDCG
from search_app.models import Evaluation, JudgedQuery
from search_app.quality_forms import FORMS, RunForm
from search_app.views.charts import chart

SHOWN = 20  # evaluations in the table
CHARTED = 60  # of them, nights and runs by hand with the weights in force


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def quality(request: HttpRequest, pk: int) -> HttpResponse:
    """Figures, history, and what can be asked for; a POST asks."""
    collection = editable(request.user, pk)
    forms = {kind: form(initial={"kind": kind}) for kind, form in FORMS.items()}
    if request.method == "POST" and (asked := FORMS.get(request.POST.get("kind", ""))):
        form = asked(request.POST)
        if made := _asked(request, collection, form):
            return redirect("evaluation", made.pk)
        forms[request.POST["kind"]] = form
    context = _page(request, collection) | {f"{kind}_form": form for kind, form in forms.items()}
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "search_app/quality.html", context, status=status)


@login_required
@require_safe
def evaluation(request: HttpRequest, pk: int) -> HttpResponse:
    """Its figures, and those of each query, where they differ most first."""
    found = _evaluation(request, pk)
    lines = _lines(request, found)
    context = {
        "evaluation": found,
        "collection": found.collection,
        "can_edit": True,
        "tab": "quality",
        "measures": _measures(found),
        "lines": lines,
        "weights": weighing.in_force(found.collection).to_json(),
    }
    return render(request, "search_app/evaluation.html", context)


@never_cache
@login_required
@require_safe
def evaluation_state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; once it is done, the page loads itself anew."""
    found = _evaluation(request, pk)
    response = render(request, "search_app/_evaluation_state.html", {"evaluation": found})
    if found.state != Evaluation.State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def evaluation_apply(request: HttpRequest, pk: int) -> HttpResponse:
    found = _evaluation(request, pk)
    try:
        measuring.apply(found)
    except Rejected as error:
        messages.error(request, str(error))
        return redirect("evaluation", pk)
    messages.success(request, _("The collection is ranked by these weights now."))
    return redirect("quality", found.collection_id)


@login_required
@require_POST
def evaluation_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        measuring.cancel(_evaluation(request, pk))
    except Rejected as error:
        messages.error(request, str(error))
    return redirect("evaluation", pk)


@login_required
@require_POST
def evaluation_accept(request: HttpRequest, pk: int) -> HttpResponse:
    found = _evaluation(request, pk)
    measuring.accept(found)
    messages.success(request, _("Later nights are compared with this one."))
    return redirect("quality", found.collection_id)


@login_required
@require_POST
def weights_revert(request: HttpRequest, pk: int) -> HttpResponse:
    collection = editable(request.user, pk)
    try:
        weighing.revert(collection)
    except Rejected as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The weights are those before the last change."))
    return redirect("quality", pk)


def _evaluation(request: HttpRequest, pk: int) -> Evaluation:
    rows = Evaluation.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("collection__embedding_model"), pk=pk)


def _asked(request: HttpRequest, collection: Collection, form: RunForm) -> Evaluation | None:
    """What the form asks for, asked for; None, and the form has errors, where that fails."""
    if not form.is_valid():
        return None
    user: Any = request.user  # logged in: it edits the collection
    try:
        return measuring.request(collection, user, form.cleaned_data["kind"], **form.wanted())
    except Rejected as error:
        form.add_error(None, str(error))
        return None


def _page(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    rows = measuring.evaluations(request.user, collection)
    current = rows.filter(
        weights={},
        state=Evaluation.State.READY,
        kind__in=[Evaluation.Kind.MANUAL, Evaluation.Kind.NIGHTLY],
    )
    charted = list(current[:CHARTED])
    nights = rows.filter(kind=Evaluation.Kind.NIGHTLY, state=Evaluation.State.READY)
    ready = collection.documents.filter(state=Document.State.READY)
    return {
        "collection": collection,
        "can_edit": True,
        "tab": "quality",
        "judged": measuring.judged(request.user, collection).count(),
        "any_ready": ready.exists(),
        "last": charted[0] if charted else None,
        "measures": _measures(charted[0]) if charted else [],
        "chart": chart(list(reversed(charted))),
        "night": nights.first(),
        "evaluations": rows[:SHOWN],
        "weights": weighing.in_force(collection).to_json(),
        "own": weighing.own(collection),
    }


def _measures(found: Evaluation) -> list[dict[str, Any]]:
    """A line for each measure: its name, its figures, those compared with, and the gain."""
    figures = found.figures
    if not figures:
        return []
    return [
        {
            "name": label,
            "value": figures["measures"][name],
            "other": figures["other"]["measures"][name] if "other" in figures else None,
            "gain": figures["difference"][name] if "difference" in figures else None,
        }
        for name, label in NAMES.items()
    ]


def _lines(request: HttpRequest, found: Evaluation) -> list[dict[str, Any]]:
    """The queries that the user may see: where the two differ most, or the worst, first."""
    rows = JudgedQuery.objects.visible_to(request.user).filter(collection=found.collection_id)
    texts = dict(rows.values_list("pk", "text"))
    lines = [
        line | {"text": texts[line["query"]], "gain": _gain(line)}
        for line in found.queries
        if line["query"] in texts
    ]
    return sorted(lines, key=lambda line: (-abs(line["gain"]), line[NDCG], line["query"]))


def _gain(line: dict[str, Any]) -> float:
    return round(line["other"][NDCG] - line[NDCG], 6) if "other" in line else 0.0
