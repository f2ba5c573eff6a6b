"""What one follows: the list, one with what landed near it, and making, changing, giving up."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.models import Document, long_columns
from collections_app.services import Rejected
from search_app import following
from search_app import interests as follows
from search_app.interest_forms import FollowForm, InterestForm
from search_app.models import Interest

PER_PAGE = 30


@login_required
@require_safe
def interests(request: HttpRequest) -> HttpResponse:
    page = Paginator(follows.listed(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "search_app/interests.html", {"page": page})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def interest_new(request: HttpRequest) -> HttpResponse:
    """A search (`?q=`, `?c=`, `?filter=`), a document (`?document=`), or a text."""
    user: Any = request.user
    document = _document(request)
    filters = [] if document else request.GET.getlist("filter")
    form = FollowForm(
        request.POST if request.method == "POST" else None,
        user=user,
        can_mail=follows.can_mail(),
        initial={
            "text": request.GET.get("q", ""),
            "collection": document.collection_id if document else request.GET.get("c", ""),
        },
    )
    if document:
        del form.fields["kind"], form.fields["text"]
    if form.is_valid():
        try:
            made = follows.follow(user, document=document, filters=filters, **form.cleaned_data)
        except Rejected as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("From now on what comes in near it stands here."))
            return redirect(made)
    context = {"form": form, "document": document, "filters": filters, **_mail(request)}
    status = 422 if form.errors else 200
    return render(request, "search_app/interest_new.html", context, status=status)


@login_required
@require_safe
def interest(request: HttpRequest, pk: int) -> HttpResponse:
    """What landed near it, newest first, and where its feed is."""
    found = _mine(request, pk)
    places = following.places(found)
    context = {
        "interest": found,
        "page": Paginator(follows.matches(found), PER_PAGE).get_page(request.GET.get("page")),
        "threshold": following.threshold(found, places),
        "nowhere": not places,
        "feed_url": _feed_url(request, found),
        **_mail(request),
    }
    return render(request, "search_app/interest.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def interest_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = _mine(request, pk)
    names = ("name", "collection", "threshold", "email")
    form = InterestForm(
        request.POST if request.method == "POST" else None,
        user=request.user,
        can_mail=follows.can_mail(),
        initial={name: getattr(found, name) for name in names},
    )
    if form.is_valid():
        changes = form.cleaned_data
        changes["name"] = changes["name"] or found.name
        follows.change(found, **changes)
        messages.success(request, _("Saved."))
        return redirect(found)
    context = {"interest": found, "form": form, **_mail(request)}
    status = 422 if form.errors else 200
    return render(request, "search_app/interest_edit.html", context, status=status)


@login_required
@require_POST
def interest_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = _mine(request, pk)
    found.delete()
    messages.success(request, _("You no longer follow “%s”.") % found.name)
    return redirect("interests")


@login_required
@require_POST
def interest_feed(request: HttpRequest, pk: int) -> HttpResponse:
    """`action`: new, for another address of the feed; else there is none any more."""
    found = _mine(request, pk)
    if request.POST.get("action") == "new":
        follows.new_feed(found)
        messages.success(request, _("The feed has a new address; the old one leads nowhere."))
    else:
        follows.end_feed(found)
        messages.success(request, _("The feed is gone."))
    return redirect(found)


def _mine(request: HttpRequest, pk: int) -> Interest:
    rows = Interest.objects.of(request.user)
    return get_object_or_404(rows.select_related("owner", "collection", "document"), pk=pk)


def _document(request: HttpRequest) -> Document | None:
    given = request.GET.get("document", "")
    if not given:
        return None
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
    rows = Document.objects.visible_to(request.user).select_related("collection")
    return get_object_or_404(rows.defer(*long_columns()), pk=number)


def _mail(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    return {"can_mail": follows.can_mail(), "address": user.email}


def _feed_url(request: HttpRequest, found: Interest) -> str:
    if not found.feed_token:
        return ""
    return request.build_absolute_uri(reverse("feed", args=[found.feed_token]))
