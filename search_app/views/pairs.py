"""The most related pairs of a collection."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from collections_app.models import Collection
from search_app.related import most_related, near_duplicates

PAIRS = 100
GROUPS = 100


@require_safe
def pairs(request: HttpRequest, pk: int) -> HttpResponse:
    """The hundred closest, near duplicates flagged."""
    found = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    closest = most_related(request.user, found, PAIRS)
    context = {
        "collection": found,
        "can_edit": found.is_editable_by(request.user),
        "pairs": closest,
        "duplicates": sum(pair.near_duplicate for pair in closest),
        "tab": "pairs",
    }
    return render(request, "search_app/pairs.html", context)


@require_safe
def duplicates(request: HttpRequest, pk: int) -> HttpResponse:
    """Documents that are nearly the same, in groups, the largest first."""
    found = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    context = {
        "collection": found,
        "can_edit": found.is_editable_by(request.user),
        "groups": near_duplicates(request.user, found, GROUPS),
        "tab": "pairs",
    }
    return render(request, "search_app/duplicates.html", context)
