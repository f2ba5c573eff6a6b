"""The page where a collection changes its embedding model: only for who may edit it."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app import changes
from collections_app.encoders import ModelMissing
from collections_app.models import Collection, ModelChange, Shadow
from collections_app.services import Rejected
from collections_app.services.changing import act_on_change, change_model
from collections_app.wake import call_on_commit
from search_app import comparing, upkeep
from search_app.editing import editable
from search_app.forms import ModelChangeForm
from search_app.models import Upkeep
from search_app.tasks import run_upkeep

DONE = {
    "switch": _("Switched: search goes by the new model now."),
    "roll-back": _("Rolled back: search goes by the old model again."),
    "cancel": _("Cancelled. What was made for the new model is being removed."),
    "drop": _("The old vectors are being removed."),
    "retry": _("The documents are tried again."),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def model_change(request: HttpRequest, pk: int) -> HttpResponse:
    """The change that is open, or what one would take; `?q=` compares both models.

    A POST begins a change to `model`.
    """
    found = editable(request.user, pk)
    form = ModelChangeForm(request.POST or None, collection=found)
    if request.method == "POST" and form.is_valid():
        try:
            change_model(found, form.cleaned_data["model"], cast(User, request.user))
        except Rejected as error:
            form.add_error(None, str(error))
        else:
            return redirect("model_change", pk)
    context = {"collection": found, "can_edit": True, "form": form, "tab": "model"}
    context |= _change(found) | _estimates(found, form) | _compared(request, found)
    context |= _upkeep(found)
    return render(
        request, "search_app/model_change.html", context, status=422 if form.errors else 200
    )


@never_cache
@login_required
@require_safe
def model_change_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The state of the change alone; once there is nothing to wait for, the page loads anew."""
    found = editable(request.user, pk)
    context = {"collection": found} | _change(found)
    response = render(request, "search_app/_model_change.html", context)
    change = context["change"]
    if change is None or change.state not in _MOVING:
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def model_change_action(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    found = editable(request.user, pk)
    change = get_object_or_404(ModelChange.objects.open(), collection=found)
    try:
        act_on_change(change, action, although_missing="although_missing" in request.POST)
    except Rejected as error:
        messages.error(request, str(error))
    else:
        messages.success(request, DONE[action])
    return redirect("model_change", pk)


@login_required
@require_POST
def reindex(request: HttpRequest, pk: int, job: str) -> HttpResponse:
    """Ask for a job of upkeep; its outcome shows on the page of the change."""
    found = editable(request.user, pk)
    if job not in Upkeep.Job.values:
        raise Http404
    call_on_commit(run_upkeep, upkeep.request(found, job).pk)
    messages.success(request, _("A worker sees to it."))
    return redirect("model_change", pk)


@never_cache
@login_required
@require_safe
def upkeep_state(request: HttpRequest, pk: int) -> HttpResponse:
    """What is known of the index, and how each job stands: the part of the page alone."""
    found = editable(request.user, pk)
    context = {"collection": found} | _upkeep(found)
    return render(request, "search_app/_upkeep.html", context)


def _upkeep(collection: Collection) -> dict[str, Any]:
    jobs = upkeep.standings(collection)
    return {
        "upkeep": upkeep.latest(collection),
        "jobs": jobs,
        "upkeep_moving": any(one.last and one.last.state == one.last.State.QUEUED for one in jobs),
    }


_MOVING = (ModelChange.State.BUILDING, *ModelChange.ENDING)


def _change(collection: Collection) -> dict[str, Any]:
    rows = collection.model_changes.select_related("old", "new", "beside", "collection")
    change = rows.open().first()
    spent = {"spent": changes.spent(collection)}
    if change is None:
        return spent | {"change": None, "last": rows.first()}
    return spent | {
        "change": change,
        "progress": changes.progress(change),
        "moving": change.state in _MOVING,
        "steps": ModelChange.State,
    }


def _estimates(collection: Collection, form: ModelChangeForm) -> dict[str, Any]:
    if collection.model_changes.open().exists():
        return {}
    models = form.fields["model"].queryset  # type: ignore[attr-defined]
    return {"estimates": [(model, changes.estimate(collection, model)) for model in models]}


def _compared(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    """Both models side by side, where something was asked and a change is open."""
    change = collection.model_changes.kept_up().select_related("old", "new", "collection").first()
    text = request.GET.get("q", "")
    context: dict[str, Any] = {"q": text}
    if change is None or not change.shadows.filter(state=Shadow.State.DONE).exists():
        return context
    try:
        if text.strip():
            context["places"] = comparing.compare(request.user, change, text)
        if "judged" in request.GET:
            context["asked_judged"] = True
            context["judged"] = comparing.judged(request.user, change)
    except (Rejected, ModelMissing) as error:
        context["refused"] = str(error)
    return context
