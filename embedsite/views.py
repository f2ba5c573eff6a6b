"""The home page and the page of the API's documentation."""

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.demo import searches
from collections_app.models import Collection, Document
from embedsite.status import status

SHOWN = 6  # collections on the home page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    visible = Collection.objects.visible_to(request.user)
    demo = visible.filter(name=searches.COLLECTION).order_by("pk").first()
    shown = list(_with_sizes(visible.order_by("-created", "-pk")[: SHOWN + 1]))
    context = {
        "collections": shown[:SHOWN],
        "more": len(shown) > SHOWN,
        "has_own": any(collection.owner_id == request.user.pk for collection in shown),
        "examples": searches.EXAMPLES if demo else [],
        "examples_in": demo,
        "parts": status(),
    }
    return render(request, "home.html", context)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For what asks for it without reading our pages, such as a JSON answer in a browser tab."""
    return redirect(static("dist/logo.svg"))


def _with_sizes(collections: QuerySet[Collection]) -> QuerySet[Collection]:
    """Counts the documents of the rows that are shown, not of all collections."""
    documents = Document.objects.filter(collection=OuterRef("pk")).order_by()
    count = documents.values("collection").annotate(n=Count("pk")).values("n")
    return collections.annotate(size=Coalesce(Subquery(count), 0))


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
