"""How the question box of a public collection comes to other sites: code to copy, and a look."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from collections_app.models import Collection


@require_safe
def box_preview(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    context = {
        "collection": found,
        "can_edit": found.is_editable_by(request.user),
        "is_public": found.visibility == Collection.Visibility.PUBLIC,
        "script": request.build_absolute_uri(f"{settings.STATIC_URL}dist/ask.js"),
        "frame": request.build_absolute_uri(reverse("box", args=[pk])),
        "json": request.build_absolute_uri(reverse("box_json", args=[pk])),
    }
    return render(request, "rag_app/box_preview.html", context)
