"""What people who search tell of its results, and what of it they let the site keep."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.models import Document, Passage, long_columns
from collections_app.services import Rejected
from search_app import past
from search_app.evaluation import feedback as told
from search_app.models import FeedbackChoice, JudgedQuery

GRADES = {"up": told.RIGHT, "down": told.WRONG, "none": None}
HISTORY = "history"


class ChoiceForm(forms.Form):
    """The choices of `FeedbackChoice` that are made on this page."""

    history = FeedbackChoice._meta.get_field("history").formfield()
    clicks = FeedbackChoice._meta.get_field("clicks").formfield()
    shared = FeedbackChoice._meta.get_field("shared").formfield()


@login_required
@require_POST
def thumb(request: HttpRequest, pk: int) -> HttpResponse:
    """`q` the query, `say` up, down or none; htmx gets the thumbs, a form the page it was on."""
    rows = Document.objects.visible_to(request.user).select_related("collection")
    document = get_object_or_404(rows.defer(*long_columns()), pk=pk)
    text, said = request.POST.get("q", ""), request.POST.get("say", "")
    if said not in GRADES:
        return HttpResponseBadRequest(_("Say up, down or none."))
    user: Any = request.user
    try:
        told.thumb(user, document, text, GRADES[said])
    except Rejected as error:
        return HttpResponseBadRequest(str(error))
    if request.htmx:  # type: ignore[attr-defined]
        context = {"document": document, "query": text, "thumb": GRADES[said]}
        return render(request, "search_app/_thumbs.html", context)
    return redirect(_back(request))


@never_cache
@login_required
@require_safe
def opened(request: HttpRequest) -> HttpResponse:
    """`?t=`: on to a hit, which is kept as opened where the user has chosen so."""
    user: Any = request.user
    found = told.opened(user, request.GET.get("t", ""))
    rows = Passage.objects.filter(document__in=Document.objects.visible_to(user))
    passage = get_object_or_404(
        rows.select_related("document__collection").defer(*long_columns("document")),
        pk=found[0] if found else 0,
    )
    if found and request.method == "GET":
        told.click(user, passage.document, found[1])
    return redirect(passage.get_absolute_url())


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: HttpRequest) -> HttpResponse:
    """What searches keep of the user, and the choice of it."""
    user: Any = request.user
    known = told.choice(user)
    kept_now = {name: getattr(known, name) for name in ChoiceForm.base_fields}
    form = ChoiceForm(request.POST if request.method == "POST" else None, initial=kept_now)
    if request.method == "POST" and form.is_valid():
        told.choose(user, **form.cleaned_data)
        messages.success(request, _("Your choice is kept."))
        return redirect("feedback")
    kept = {str(kind): told.told(user, kind).count() for kind in (told.CLICK, told.THUMBS)}
    kept[HISTORY] = past.of(user).count()
    return render(request, "search_app/feedback.html", {"form": form, "kept": kept})


@login_required
@require_POST
def feedback_delete(request: HttpRequest) -> HttpResponse:
    """`what`: history, click or thumbs; all of them without."""
    user: Any = request.user
    what = request.POST.get("what", "")
    count = past.forget(user) if what in ("", HISTORY) else 0
    if what != HISTORY:
        kinds = [what] if what in (told.CLICK, told.THUMBS) else []
        _all, by_model = told.told(user, *kinds).delete()
        count += by_model.get(JudgedQuery._meta.label, 0)
    messages.success(request, _("Deleted. Queries that were kept: %(count)d.") % {"count": count})
    return redirect("feedback")


def _back(request: HttpRequest) -> str:
    """The page the form was on, if it is one of ours."""
    place = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(place, {request.get_host()}, request.is_secure())
    return place if ours else "search"
