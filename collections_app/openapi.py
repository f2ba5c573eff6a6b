"""What the OpenAPI schema says of every operation: how to log in, and how errors look."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension

PROBLEM = {
    "type": "object",
    "description": _("RFC 9457 problem details."),
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": _("The HTTP status in words.")},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": _("What was wrong and what to do.")},
        "instance": {"type": "string", "description": _("The path that was asked for.")},
        "errors": {
            "type": "object",
            "additionalProperties": {},
            "description": _("For invalid input: what was wrong with each field."),
        },
    },
    "required": ["type", "title", "status", "detail", "instance"],
}
ANSWER = {
    "description": _("A problem, with the status that names it."),
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def add_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A drf-spectacular postprocessing hook."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"].setdefault("default", ANSWER)
    return result


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "collections_app.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "es_..."}
