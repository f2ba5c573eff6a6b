"""Suggestions for a search field, as the options of its list."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from collections_app.throttles import SuggestThrottle
from search_app import suggesting
from search_app.forms import SearchForm


@never_cache
@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """`?q=` what is typed, `?c=` a collection's number. What cannot be searched for has none."""
    if not SuggestThrottle().allow_request(request, None):  # type: ignore[arg-type]
        return HttpResponse(_("You ask too often. Wait a minute."), status=429)
    form = SearchForm(request.GET, user=request.user)
    found = []
    if form.is_valid():
        asked = form.cleaned_data
        found = suggesting.suggest(request.user, asked["q"], asked["c"])
    return render(request, "search_app/_suggestions.html", {"suggestions": found})
