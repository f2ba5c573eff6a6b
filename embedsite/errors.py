"""Pages for what went wrong. Under /api/ each is a problem details document instead, and
under /v1/ an error as OpenAI's API has it.

The 500 and 503 pages use nothing of the request but its address and theme: whatever failed,
they can still be shown.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from collections_app import openai_errors, problems
from embedsite.status import status

logger = logging.getLogger(__name__)

RETRY_SECONDS = 10


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        request,
        HTTPStatus.BAD_REQUEST,
        _("This request cannot be read"),
        _("Your browser sent something that the site does not understand. Go back and try again."),
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        request,
        HTTPStatus.FORBIDDEN,
        _("You may not do this"),
        _("Your account does not have the right to it. Log in with another one if you have it."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(
        request,
        HTTPStatus.FORBIDDEN,
        _("This form has expired"),
        _(
            "It was opened too long ago, or before you logged in or out, or your browser blocks "
            "cookies of this site. Go back, reload the page and send it again."
        ),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        request,
        HTTPStatus.NOT_FOUND,
        _("There is nothing here"),
        _("The address may be wrong, the page may be deleted, or it is private to someone else."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    return _bare_page(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        _("Something went wrong on our side"),
        _("It has been written to the log. Try again; if it goes on, tell the administrator."),
    )


def database_away(request: HttpRequest) -> HttpResponse:
    response = _bare_page(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        _("The database does not answer"),
        _("Nothing is lost. Try again in a moment; if it goes on, tell the administrator."),
    )
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


class DatabaseAway:
    """Middleware: a failure of the database's connection is a 503 that says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        logger.error("The database failed at %s: %s", request.path, exception)
        return database_away(request)


def _page(request: HttpRequest, status: HTTPStatus, title: str, detail: str) -> HttpResponse:
    if is_api(request):
        return _problem(request, status, detail)
    context = {"status": status.value, "title": title, "detail": detail}
    try:
        return render(request, "error.html", context, status=status)
    except (OperationalError, InterfaceError):  # its header asks who is logged in
        return database_away(request)


def _bare_page(request: HttpRequest, code: HTTPStatus, title: str, detail: str) -> HttpResponse:
    if is_api(request):
        return _problem(request, code, detail)
    context = {
        "status": code.value,
        "title": title,
        "detail": detail,
        "theme": request.COOKIES.get("theme", ""),
        "parts": status() if code == HTTPStatus.SERVICE_UNAVAILABLE else [],
    }
    return HttpResponse(render_to_string("error_bare.html", context), status=code)


def _problem(request: HttpRequest, status: HTTPStatus, detail: str) -> HttpResponse:
    if _is_openai(request):
        code = "unknown_url" if status == HTTPStatus.NOT_FOUND else None
        return JsonResponse(openai_errors.document(status, detail, code), status=status)
    problem = problems.document(status, detail, request.path)
    return JsonResponse(problem, status=status, content_type=problems.CONTENT_TYPE)


def is_api(request: HttpRequest) -> bool:
    """Whether a program asks, which can read no page."""
    ours = request.path.startswith("/api/") and not request.path.startswith("/api/docs/")
    return ours or _is_openai(request)


def _is_openai(request: HttpRequest) -> bool:
    return request.path.startswith("/v1/")
