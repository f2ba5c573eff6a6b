"""A document passage by passage, with what stands near each in other documents."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from collections_app.models import Document, long_columns
from search_app.near_passages import related_passages

PER_PAGE = 10  # each is compared with all passages of the collection
NEAR = 3


@require_safe
def document_passages(request: HttpRequest, pk: int) -> HttpResponse:
    """`?page=` of its passages, in their order."""
    rows = Document.objects.visible_to(request.user).select_related("collection")
    found = get_object_or_404(rows.defer(*long_columns()), pk=pk)
    passages = found.active_passages().order_by("ordinal")
    page = Paginator(passages, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "document": found,
        "collection": found.collection,
        "page": page,
        "rows": related_passages(found, list(page.object_list), NEAR),
    }
    return render(request, "search_app/document_passages.html", context)
