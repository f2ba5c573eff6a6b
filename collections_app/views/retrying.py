"""Trying what was set aside again, read otherwise."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext

from collections_app import services
from collections_app.forms import ReadingForm
from collections_app.models import Collection, Document


@login_required
def retry_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """All of a collection that were set aside."""
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    rows = found.documents.filter(state=Document.State.SET_ASIDE)
    return _form(request, found, rows, None)


@login_required
def document_retry_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """One document."""
    rows = Document.objects.editable_by(request.user)
    found = get_object_or_404(rows.select_related("collection__embedding_model"), pk=pk)
    return _form(request, found.collection, Document.objects.filter(pk=pk), found)


def _form(
    request: HttpRequest,
    collection: Collection,
    rows: QuerySet[Document],
    document: Document | None,
) -> HttpResponse:
    form = ReadingForm(request.POST or None, document=document)
    if request.method == "POST" and form.is_valid():
        try:
            count = services.retry_otherwise(collection, rows, form.wanted(document))
        except services.Rejected as error:
            form.add_error(None, str(error))
        else:
            told = ngettext(
                "%d document will be tried again.", "%d documents will be tried again.", count
            )
            messages.success(request, told % count)
            return redirect(document or collection)
    context = {
        "form": form,
        "collection": collection,
        "document": document,
        "count": rows.exclude(state=Document.State.READY).count(),
    }
    return render(request, "collections_app/retry_settings.html", context)
