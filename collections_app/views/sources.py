"""Sources of a collection: the list, and making, changing, running and deleting one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collections_app.models import Collection, Run, Source
from collections_app.services import Rejected
from collections_app.services import sources as service
from collections_app.source_forms import KINDS, SourceForm, told

PER_PAGE = 50


@login_required
@require_safe
def source_list(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own_collection(request, pk)
    last = Run.objects.filter(source=OuterRef("pk")).order_by("-pk")
    rows = found.sources.annotate(
        run_id=Subquery(last.values("pk")[:1]),
        run_state=Subquery(last.values("state")[:1]),
        run_at=Subquery(last.values("created")[:1]),
    )
    context = {
        "collection": found,
        "can_edit": True,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "states": dict(Run.State.choices),
        "tab": "sources",
    }
    return render(request, "collections_app/sources.html", context)


@login_required
@require_safe
def source_kinds(request: HttpRequest, pk: int) -> HttpResponse:
    """Which kind the new source is to be."""
    labels = dict(Source.Kind.choices)
    kinds = [(kind, labels[Source.Kind(kind)], told) for kind, told in KINDS.items()]
    context = {"collection": _own_collection(request, pk), "kinds": kinds}
    return render(request, "collections_app/source_kinds.html", context)


@login_required
def source_new(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    found = _own_collection(request, pk)
    if kind not in KINDS:
        raise Http404
    form = SourceForm(request.POST or None, kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            made = service.create_source(
                found,
                kind,
                form.cleaned_data["name"],
                form.options(),
                secrets=form.secrets(),
                every_minutes=form.every_minutes(),
            )
            return redirect("run", service.request_run(made).pk)
        except Rejected as error:
            form.add_error(None, str(error))
    context = {"collection": found, "form": form, "kind": Source.Kind(kind).label}
    context["told"] = KINDS[kind].text
    return render(request, "collections_app/source_form.html", context)


@login_required
@require_safe
def source(request: HttpRequest, pk: int) -> HttpResponse:
    """What it is, and its runs, newest first."""
    found = _own(request, pk)
    runs = Paginator(found.runs.all(), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "source": found,
        "collection": found.collection,
        "page": runs,
        "options": told(found.options),
        "items": found.items.count(),
    }
    return render(request, "collections_app/source.html", context)


@login_required
def source_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    form = SourceForm(request.POST or None, kind=found.kind, source=found)
    if request.method == "POST" and form.is_valid():
        try:
            service.change_source(
                found,
                name=form.cleaned_data["name"],
                options=form.options(),
                secrets=form.secrets(),
                every_minutes=form.every_minutes(),
                scheduled=form.every_minutes() is not None,
            )
        except Rejected as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved. The next run goes by it."))
            return redirect("source", found.pk)
    shown = Source.objects.get(pk=pk)  # the heading has the stored name
    context = {"source": shown, "collection": found.collection, "form": form}
    context["kind"] = found.get_kind_display()
    return render(request, "collections_app/source_form.html", context)


@login_required
def source_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    if request.method == "POST":
        name, keep = found.name, request.POST.get("documents") != "delete"
        service.delete_source(found, keep_documents=keep)
        told = (
            _("“%s” is deleted; its documents stay.")
            if keep
            else _("“%s” and its documents are deleted.")
        )
        messages.success(request, told % name)
        return redirect("sources", found.collection_id)
    context = {"source": found, "collection": found.collection, "items": found.items.count()}
    return render(request, "collections_app/source_delete.html", context)


@login_required
@require_POST
def source_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Run it now; with `retry`, asking anew for what failed in the last run."""
    found = _own(request, pk)
    start = service.retry_failed if "retry" in request.POST else service.request_run
    try:
        return redirect("run", start(found).pk)
    except Rejected as error:
        messages.error(request, str(error))
        return redirect("source", found.pk)


def _own_collection(request: HttpRequest, pk: int) -> Collection:
    return get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)


def _own(request: HttpRequest, pk: int) -> Source:
    rows = Source.objects.editable_by(request.user).select_related("collection")
    return get_object_or_404(rows, pk=pk)
