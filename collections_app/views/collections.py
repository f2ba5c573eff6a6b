"""Collections: the list, one's page with its progress, and making, changing, deleting."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from collections_app import quotas, services
from collections_app.forms import CollectionEditForm, CollectionForm, DeleteForm
from collections_app.models import Collection, Document, long_columns

COLLECTIONS_PER_PAGE = 24
DOCUMENTS_PER_PAGE = 50


@require_safe
def collection_list(request: HttpRequest) -> HttpResponse:
    rows = Collection.objects.visible_to(request.user).select_related("owner").with_size()
    page = Paginator(rows, COLLECTIONS_PER_PAGE).get_page(request.GET.get("page"))
    usage = quotas.limit_of_user(request.user.pk) if request.user.pk else None
    context = {"page": page, "usage": usage}
    return render(request, "collections_app/collections.html", context)


@require_safe
def collection(request: HttpRequest, pk: int) -> HttpResponse:
    """Its documents, newest first, optionally those of one `?state=`."""
    found = get_object_or_404(
        Collection.objects.visible_to(request.user).select_related("owner", "embedding_model"),
        pk=pk,
    )
    state = request.GET.get("state", "")
    documents = found.documents.order_by("-pk").select_related("blob").defer(*long_columns())
    if state in Document.State.values:
        documents = documents.filter(state=state)
    context = {
        "collection": found,
        "can_edit": found.is_editable_by(request.user),
        "page": Paginator(documents, DOCUMENTS_PER_PAGE).get_page(request.GET.get("page")),
        "state": state,
        "states": Document.State.choices,
        "progress": services.progress(found),
        "tab": "documents",
    }
    return render(request, "collections_app/collection.html", context)


@never_cache
@require_safe
def collection_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress box alone. Once nothing is waiting it tells the page to show the list."""
    found = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    progress = services.progress(found)
    context = {
        "collection": found,
        "can_edit": found.is_editable_by(request.user),
        "progress": progress,
    }
    response = render(request, "collections_app/_progress.html", context)
    if not progress.queued and not progress.working:
        response["HX-Trigger-After-Settle"] = "documents-settled"
    return response


@login_required
@require_POST
def collection_retry(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    count = services.retry(found.documents.filter(state=Document.State.SET_ASIDE))
    messages.success(
        request,
        ngettext("%d document will be tried again.", "%d documents will be tried again.", count)
        % count,
    )
    return redirect(found)


@login_required
@require_POST
def collection_reembed(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    count = services.reembed(found.documents.all())
    messages.success(
        request,
        ngettext(
            "%d document will be embedded again.", "%d documents will be embedded again.", count
        )
        % count,
    )
    return redirect(found)


@login_required
def collection_new(request: HttpRequest) -> HttpResponse:
    services.default_model()  # on a new site, it is made by the first who asks
    form = CollectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_collection(
                cast(User, request.user),
                form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                visibility=form.cleaned_data["visibility"],
                language=form.cleaned_data["language"],
                model=form.cleaned_data["embedding_model"],
                split_code=form.cleaned_data["split_code"],
            )
        except services.Rejected as error:
            form.add_error(None, str(error))
        else:
            return redirect("documents_add", made.pk)
    return render(request, "collections_app/collection_new.html", {"form": form})


@login_required
def collection_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    form = CollectionEditForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        count = services.edit_collection(Collection.objects.get(pk=pk), **form.cleaned_data)
        messages.success(request, _saved(count))
        return redirect(found)
    # The heading shows the stored name, not the one being typed.
    shown = Collection.objects.get(pk=pk)
    return render(
        request, "collections_app/collection_edit.html", {"form": form, "collection": shown}
    )


def _saved(count: int) -> str:
    if not count:
        return _("Saved.")
    return (
        ngettext(
            "Saved. %d document is split again; until then it is found as it was.",
            "Saved. %d documents are split again; until then they are found as they were.",
            count,
        )
        % count
    )


@login_required
def collection_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    form = DeleteForm(request.POST or None, collection=found)
    if request.method == "POST" and form.is_valid():
        name = found.name
        services.delete_collection(found)
        messages.success(request, _("“%s” and all its documents are deleted.") % name)
        return redirect("collections")
    context = {"form": form, "collection": found, "size": found.documents.count()}
    return render(request, "collections_app/collection_delete.html", context)
