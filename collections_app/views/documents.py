"""Changing, deleting, retrying and downloading one document. Reading: search_app."""

from io import BytesIO
from typing import IO

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collections_app import services, storage
from collections_app.forms import DocumentForm
from collections_app.models import Blob, Document


@login_required
def document_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    form = DocumentForm(request.POST or None, document=found)
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_document(found, **form.cleaned_data)
        except services.ChangedMeanwhile:
            form.allow_overwriting(Document.objects.get(pk=pk))
        except services.Rejected as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved. Changed text is embedded again by itself."))
            return redirect(found)
    return render(request, "collections_app/document_edit.html", {"form": form, "document": found})


@login_required
def document_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    if request.method == "POST":
        services.delete_documents(Document.objects.filter(pk=found.pk))
        messages.success(request, _("“%s” is deleted.") % found)
        return redirect(found.collection)
    return render(request, "collections_app/document_delete.html", {"document": found})


@login_required
@require_POST
def document_retry(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    services.retry(Document.objects.filter(pk=found.pk))
    messages.success(request, _("“%s” will be tried again.") % found)
    return redirect(found.collection if request.POST.get("back") == "collection" else found)


@login_required
@require_POST
def document_reembed(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    services.reembed(Document.objects.filter(pk=found.pk))
    messages.success(request, _("“%s” will be embedded again.") % found)
    return redirect(found)


@require_safe
def document_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The content as it came, always as a download: it is never shown by the browser.

    Of a picture others get the copy: the original has in it what the camera wrote, places too.
    """
    found = get_object_or_404(
        Document.objects.visible_to(request.user).select_related("blob"), pk=pk
    )
    if _is_picture(found) and not Document.objects.editable_by(request.user).filter(pk=pk):
        return redirect("document_picture", pk)
    if found.blob is None:
        stream: IO[bytes] = BytesIO((found.source_text or "").encode())
    else:
        stream = _opened(found.blob)
    return FileResponse(
        stream,
        as_attachment=True,
        filename=found.external_id.rsplit("/", 1)[-1],
        content_type="application/octet-stream",
    )


def _is_picture(document: Document) -> bool:
    blob = document.blob
    return document.media_type.startswith("image/") or bool(blob and blob.width)


def _opened(blob: Blob) -> IO[bytes]:
    try:
        return storage.path_of(blob.sha256).open("rb")
    except FileNotFoundError as error:
        raise Http404(_("The stored file is gone. Add the document again.")) from error


def _own(request: HttpRequest, pk: int) -> Document:
    rows = Document.objects.editable_by(request.user).select_related("collection")
    return get_object_or_404(rows, pk=pk)
