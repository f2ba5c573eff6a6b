"""Answers as JSON, also where they repeat what UTF-8 cannot hold."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer


class EscapingJSONRenderer(JSONRenderer):
    ensure_ascii = True


class AnyTextJSONRenderer(JSONRenderer):
    """An error that quotes a lone surrogate of its request writes it escaped, as it came."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            return EscapingJSONRenderer().render(data, accepted_media_type, renderer_context)
