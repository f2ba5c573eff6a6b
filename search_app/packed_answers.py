"""Blocks of numbers as answers to browsers: compressed, and only sent where they are new."""

import gzip
import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response


def packed_response(request: HttpRequest, block: bytes) -> HttpResponse:
    """Compressed, and not sent again to who has it already."""
    tag = f'"{hashlib.sha256(block).hexdigest()}"'
    body, headers = block, {"ETag": tag, "Cache-Control": "private, no-cache"}
    headers["Vary"] = "Accept-Encoding, Cookie"
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(block, 6, mtime=0)
        headers["Content-Encoding"] = "gzip"
    response = HttpResponse(body, content_type="application/octet-stream", headers=headers)
    return get_conditional_response(request, etag=tag, response=response) or response
