"""The home page and the page of the API's documentation."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularSwaggerView


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


class ApiDocs(SpectacularSwaggerView):
    """Swagger UI inside our own page: its start script carries the nonce that our CSP wants."""

    url_name = "api-schema"
    template_name = "api_docs.html"
