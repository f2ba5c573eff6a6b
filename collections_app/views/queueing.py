"""Holding up the embedding of a collection, going on, and giving up what waits."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from collections_app import services
from collections_app.models import Collection


@login_required
@require_POST
def collection_pause(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    services.pause(found)
    messages.success(request, _("Paused. Documents in work are finished, the others wait."))
    return redirect(found)


@login_required
@require_POST
def collection_resume(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    services.resume(found)
    messages.success(request, _("The embedding goes on."))
    return redirect(found)


@login_required
@require_POST
def collection_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    count = services.cancel(found, request.user.get_username())
    messages.success(
        request,
        ngettext(
            "%d document was set aside. “Try all again” takes it up again.",
            "%d documents were set aside. “Try all again” takes them up again.",
            count,
        )
        % count,
    )
    return redirect(found)


def _own(request: HttpRequest, pk: int) -> Collection:
    return get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
