"""Errors as OpenAI's API has them, for the addresses under /v1/ that its clients ask."""

from typing import Any

from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from collections_app.encoders import ItemRefused
from collections_app.problems import Failure, NoModel, as_api_error, logger, plain

KINDS = {  # status: (type, code), as OpenAI's own
    400: ("invalid_request_error", None),
    401: ("authentication_error", "invalid_api_key"),
    403: ("permission_error", "insufficient_permissions"),
    404: ("invalid_request_error", "model_not_found"),
    413: ("invalid_request_error", "request_too_large"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}
SERVER = ("server_error", None)


class BadRequest(exceptions.APIException):
    """What is wrong, with which parameter, and OpenAI's word for it."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, message: str, param: str, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.word = code


def document(status: int, message: str, code: str | None = None) -> dict[str, Any]:
    """The error of an address where no view answers."""
    kind, word = KINDS.get(status, SERVER)
    return {"error": {"message": message, "type": kind, "param": None, "code": code or word}}


def openai_error(error: Exception, context: dict[str, Any]) -> Response:
    """`{"error": {"message", "type", "param", "code"}}` for any exception of such a view."""
    if isinstance(error, ItemRefused):
        error = BadRequest(str(error), "input")
    error = as_api_error(error)
    answer = exception_handler(error, context)
    if answer is None:
        logger.exception("A view under /v1/ failed", exc_info=error)
        error = Failure()
        answer = exception_handler(error, context)
    assert answer is not None
    kind, word = KINDS.get(answer.status_code, SERVER)
    data = answer.data
    told = data.get("detail") if isinstance(data, dict) else None
    answer.data = {
        "error": {
            "message": plain(told) if told else str(data),
            "type": kind,
            "param": getattr(error, "param", None),
            "code": getattr(error, "word", None) or word,
        }
    }
    if isinstance(error, NoModel):
        answer.headers["Retry-After"] = "30"
    return answer
