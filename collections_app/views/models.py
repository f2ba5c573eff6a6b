"""Embedding models, for staff: the list, registering, changing, probing and deleting one."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from collections_app import services
from collections_app.encoders.probing import STEPS
from collections_app.model_forms import KINDS, ModelForm
from collections_app.models import EmbeddingModel, Probe
from collections_app.probes import OPEN, in_use

PER_PAGE = 50
Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


def staff_only(view: View[Rest]) -> View[Rest]:
    """For others the page does not exist."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return cast(View[Rest], login_required(checked))


@staff_only
@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    services.default_model()  # on a new site, it is made by the first who asks
    last = Probe.objects.filter(model=OuterRef("pk")).order_by("-pk")
    rows = EmbeddingModel.objects.prefetch_related("aliases").annotate(
        probe_state=Subquery(last.values("state")[:1])
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "collections_app/models.html", {"page": page})


@staff_only
@require_safe
def model_kinds(request: HttpRequest) -> HttpResponse:
    """Where the new model runs."""
    labels = dict(EmbeddingModel.Backend.choices)
    kinds = [(key, labels[key], told) for key, told in KINDS.items()]
    return render(request, "collections_app/model_kinds.html", {"kinds": kinds})


@staff_only
def model_new(request: HttpRequest, backend: str) -> HttpResponse:
    if backend not in KINDS:
        raise Http404
    form = ModelForm(request.POST or None, backend=backend)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.register(
                backend,
                api_key=form.key() or "",
                aliases=form.other_names(),
                **form.columns(),
            )
            return redirect("model", made.pk)
        except services.Rejected as error:
            form.add_error(None, str(error))
    label = EmbeddingModel.Backend(backend).label
    context = {"form": form, "kind": label, "told": KINDS[backend].text}
    return render(request, "collections_app/model_form.html", context)


@staff_only
@require_safe
def model(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(EmbeddingModel, pk=pk)
    context = _context(found) | {
        "used": in_use().filter(pk=pk).exists(),
        "aliases": list(found.aliases.values_list("name", flat=True)),
        "spent": found.spending.aggregate(tokens=Sum("tokens"), cost=Sum("cost")),
    }
    return render(request, "collections_app/model.html", context)


@never_cache
@staff_only
@require_safe
def model_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The box of the probe alone. Once it is over it tells the page to show all."""
    context = _context(get_object_or_404(EmbeddingModel, pk=pk))
    response = render(request, "collections_app/_model_probe.html", context)
    if not context["under_way"]:
        response["HX-Refresh"] = "true"
    return response


@staff_only
def model_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(EmbeddingModel, pk=pk)
    if found.backend not in KINDS:
        raise Http404
    used = in_use().filter(pk=pk).exists()
    form = ModelForm(request.POST or None, backend=found.backend, model=found, used=used)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_model(found, api_key=form.key(), **form.columns())
            services.set_aliases(found, form.other_names())
        except services.Rejected as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("model", pk)
    shown = EmbeddingModel.objects.get(pk=pk)  # the heading has the stored name
    context = {"form": form, "model": shown, "used": used, "told": KINDS[found.backend].text}
    return render(request, "collections_app/model_form.html", context)


def _probe(found: EmbeddingModel) -> str:
    services.request_probe(found)
    return ""


def _stop(found: EmbeddingModel) -> str:
    return _("The probe is cancelled.") if services.cancel_probe(found) else ""


def _default(found: EmbeddingModel) -> str:
    services.make_default(found)
    return _("New collections get %(model)s.") % {"model": found}


ACTIONS: dict[str, Callable[[EmbeddingModel], str]] = {
    "probe": _probe,
    "stop": _stop,
    "default": _default,
}


@staff_only
@require_POST
def model_action(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Probe it, cancel that, make it the default, or delete it."""
    found = get_object_or_404(EmbeddingModel, pk=pk)
    try:
        if action == "delete":
            services.delete_model(found)
            messages.success(request, _("“%s” is deleted.") % found.name)
            return redirect("models")
        if action not in ACTIONS:
            raise Http404
        if told := ACTIONS[action](found):
            messages.success(request, told)
    except services.Rejected as error:
        messages.error(request, str(error))
    return redirect("model", pk)


def _context(found: EmbeddingModel) -> dict[str, Any]:
    probe = found.probes.first()
    step = probe.step if probe else ""
    return {
        "model": found,
        "probe": probe,
        "under_way": probe is not None and probe.state in OPEN,
        "step": STEPS.index(step) + 1 if step in STEPS else 0,
        "steps": len(STEPS),
    }
