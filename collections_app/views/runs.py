"""Runs of sources: progress while one is under way, its problems, and what may be done to it."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from collections_app.models import Run
from collections_app.services import Rejected
from collections_app.services import sources as service

PER_PAGE = 50
PATIENCE = timedelta(minutes=5)
ACTIONS: dict[str, Callable[[Run], Run]] = {
    "pause": service.pause_run,
    "resume": service.resume_run,
    "cancel": service.cancel_run,
    "confirm": service.confirm_run,
}


@login_required
@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    problems = found.problems.all()
    page = Paginator(problems, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "collections_app/run.html", _context(found) | {"page": page})


@never_cache
@login_required
@require_safe
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The box of figures alone. Once the run is at its end it tells the page to show all."""
    found = _own(request, pk)
    response = render(request, "collections_app/_run_progress.html", _context(found))
    if found.state not in (Run.State.QUEUED, Run.State.RUNNING):
        response["HX-Trigger-After-Settle"] = "run-settled"
    return response


@login_required
@require_POST
def run_action(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Pause, resume, cancel it, or confirm that it may remove what is gone."""
    if action not in ACTIONS:
        raise Http404
    found = _own(request, pk)
    try:
        ACTIONS[action](found)
    except Rejected as error:
        messages.error(request, str(error))
    return redirect("run", found.pk)


def _context(found: Run) -> dict[str, object]:
    return {
        "run": found,
        "source": found.source,
        "collection": found.source.collection,
        "done": found.added + found.changed + found.unchanged + found.skipped + found.failed,
        "under_way": found.state in (Run.State.QUEUED, Run.State.RUNNING),
        "stalled": _stalled(found),
        "gone": found.cursor.get("gone", 0),
        "took": (found.finished - found.started).total_seconds()
        if found.started and found.finished
        else None,
    }


def _stalled(found: Run) -> str:
    """What a run that has not moved for five minutes waits for; empty where it moves."""
    if found.state not in (Run.State.QUEUED, Run.State.RUNNING):
        return ""
    now = timezone.now()
    if found.not_before and found.not_before > now:
        return _("It waits before it tries again.")
    if (found.progressed or found.created) > now - PATIENCE:
        return ""
    if found.state == Run.State.QUEUED:
        return _("No worker has taken it yet. Is one running?")
    return _("Nothing has come for five minutes. Its source may be slow, or the worker stopped.")


def _own(request: HttpRequest, pk: int) -> Run:
    rows = Run.objects.editable_by(request.user).select_related("source__collection")
    return get_object_or_404(rows, pk=pk)
