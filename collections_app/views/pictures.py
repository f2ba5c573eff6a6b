"""Copies of pictures: made by us, without what a camera wrote, never the bytes that came in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app import storage
from collections_app.models import Document
from collections_app.pipeline.pictures import COPY_TYPE


@require_safe
def document_picture(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The picture, upright, 2,560 pixels at most on a side."""
    return _copy(request, pk, "served")


@require_safe
def document_thumbnail(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The picture, upright, 320 pixels at most on a side."""
    return _copy(request, pk, "thumbnail")


def _copy(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    pictures = Document.objects.visible_to(request.user).filter(blob__width__isnull=False)
    sha256 = str(get_object_or_404(pictures.only("blob"), pk=pk).blob_id)
    try:
        data = storage.copy_path_of(sha256, name).read_bytes()
    except FileNotFoundError as error:
        raise Http404(_("The picture is gone. Embed the document again.")) from error
    response = HttpResponse(data, content_type=COPY_TYPE)
    response["ETag"] = quote_etag(f"{sha256}-{name}")
    response["Cache-Control"] = "private, no-cache"  # asked again each time: it may be unshared
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return get_conditional_response(request, etag=response["ETag"], response=response) or response
