"""Which sites may show what is made for other people's pages."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers


def open_to(
    answer: HttpResponse, request: HttpRequest, origins: Sequence[str], *, framed: bool
) -> None:
    """Let the sites that the owner names read it and frame it; every site where none is named."""
    if origins:
        patch_vary_headers(answer, ["Origin"])
    asking = request.headers.get("Origin", "")
    if asking and (not origins or asking in origins):
        answer["Access-Control-Allow-Origin"] = asking if origins else "*"
    if framed:
        answer._csp_replace = {  # type: ignore[attr-defined]
            "frame-ancestors": ["'self'", *origins] if origins else ["*"]
        }
