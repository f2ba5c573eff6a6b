"""Answers as JSON, also where they repeat what UTF-8 cannot hold."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer

# What orjson has a form of its own for, and Django REST framework another: its encoder's holds.
OURS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class EscapingJSONRenderer(JSONRenderer):
    ensure_ascii = True


class AnyTextJSONRenderer(JSONRenderer):
    """What orjson does not write (an indented answer, numbers beyond 64 bits), JSONRenderer does,
    to the same form. An error that quotes a lone surrogate of its request writes it escaped, as
    it came."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        context = renderer_context or {}
        if data is not None and not self.get_indent(accepted_media_type or "", context):
            try:
                return orjson.dumps(data, default=self.encoder_class().default, option=OURS)
            except orjson.JSONEncodeError:
                pass
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            return EscapingJSONRenderer().render(data, accepted_media_type, renderer_context)
