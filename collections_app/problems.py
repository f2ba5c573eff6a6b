"""API errors as problem details (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from collections_app.encoders import ModelFixed, ModelMissing
from collections_app.reasons import in_words
from collections_app.services import ChangedMeanwhile, Rejected

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
CHECKSUM_MISMATCH = 460  # of the tus protocol, not of HTTP


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The request is too large.")


class Conflict(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_detail = _("Something else holds this name or still uses this object.")


class Unavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("The database cannot be reached at the moment. Try again soon.")
    wait = 5  # seconds; becomes Retry-After


class NoModel(exceptions.APIException):
    """The embedding model is not there. Staff are told why, and where to put its files;
    others get no paths of this machine and no addresses of its network."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("The embedding model is not there. Ask an administrator of the site.")


class Failure(exceptions.APIException):
    default_detail = _("Something went wrong on our side. It has been logged.")


def problem_details(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to any exception of an API view, with its status and headers."""
    request = context.get("request")
    error = as_api_error(error, bool(request and request.user.is_staff))
    answer = exception_handler(error, context)
    if answer is None:
        logger.exception("An API view failed", exc_info=error)
        answer = exception_handler(Failure(), context)
    assert answer is not None
    answer.data = body(answer, context["request"].path)
    answer.content_type = CONTENT_TYPE
    return answer


def as_api_error(error: Exception, told_all: bool = False) -> Exception:
    """Errors of Django, the database and our services, as what the client can act on.

    `told_all`: staff, who may know this machine's paths and its network's addresses.
    """
    if isinstance(error, ChangedMeanwhile):
        return Conflict(str(error))
    if isinstance(error, Rejected):
        return exceptions.ValidationError({"detail": str(error)})
    if isinstance(error, RequestDataTooBig | TooManyFilesSent | TooManyFieldsSent):
        return TooLarge(over_limit(error))
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("The database failed: %s", error)
        return Unavailable()
    if isinstance(error, ModelFixed):
        return exceptions.ValidationError({"detail": in_words(str(error))})
    if isinstance(error, ModelMissing):
        logger.error("An embedding model is missing: %s", error)
        return NoModel(str(error)) if told_all else NoModel()
    if isinstance(error, IntegrityError | ProtectedError):
        return Conflict()
    return error


def over_limit(error: Exception) -> str:
    """Which limit of a request was passed, and what to do."""
    if isinstance(error, RequestDataTooBig):
        message = _("The request is larger than %(limit)d bytes. Send fewer documents at a time.")
        return message % {"limit": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    if isinstance(error, TooManyFilesSent):
        message = _("These are more files than the %(limit)d that one request takes.")
        return message % {"limit": settings.DATA_UPLOAD_MAX_NUMBER_FILES}
    return str(TooLarge.default_detail)


def body(answer: Response, path: str) -> dict[str, Any]:
    """`{type, title, status, detail, instance}`, and for invalid input `errors` per field."""
    problem = document(answer.status_code, "", path)
    data = answer.data
    if isinstance(data, dict) and set(data) == {"detail"}:
        problem["detail"] = plain(data["detail"])
    else:
        problem["detail"] = _("The request is not valid. See errors for each field.")
        problem["errors"] = data if isinstance(data, dict) else {"non_field_errors": data}
    return problem


def document(code: int, detail: str, path: str) -> dict[str, Any]:
    """What every problem details document has."""
    return {
        "type": "about:blank",
        "title": "Checksum Mismatch" if code == CHECKSUM_MISMATCH else HTTPStatus(code).phrase,
        "status": int(code),
        "detail": detail,
        "instance": path,
    }


def plain(detail: Any) -> str:
    return " ".join(map(str, detail)) if isinstance(detail, list) else str(detail)
