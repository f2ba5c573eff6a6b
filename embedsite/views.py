"""The home page and the page of the API's documentation."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.models import Collection
from embedsite.status import status
from search_app.examples import examples

SHOWN = 6  # collections on the home page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    visible = Collection.objects.visible_to(request.user)
    shown = list(visible.with_size().order_by("-created", "-pk")[: SHOWN + 1])
    context = {
        **examples(request.user),
        "collections": shown[:SHOWN],
        "more": len(shown) > SHOWN,
        "has_own": any(collection.is_editable_by(request.user) for collection in shown),
        "parts": status(),
    }
    return render(request, "home.html", context)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For what asks for it without reading our pages, such as a JSON answer in a browser tab."""
    return redirect(static("dist/logo.svg"))


class ApiDocs(SpectacularSwaggerView):
    """Swagger UI within our own page. Our script starts it: the CSP allows no inline one."""

    url_name = "api-schema"
    template_name = "api_docs.html"

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        del response["Cross-Origin-Opener-Policy"]  # loosened for OAuth windows, which we have not
        return response
