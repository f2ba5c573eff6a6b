"""Error pages: the right status, words that help, and no need of what may have failed."""

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.urls import include, path

from embedsite import errors
from tests.embedsite.pages import problems
from tests.factories import PASSWORD, UserFactory


def failing(error):
    def view(request):
        raise error

    return view


urlpatterns = [
    path("broken/", failing(RuntimeError("a bug"))),
    path("api/broken/", failing(RuntimeError("a bug"))),
    path("away/", failing(OperationalError("no route"))),
    path("gone/", failing(InterfaceError("closed"))),
    path("api/away/", failing(OperationalError("no route"))),
    path("unreadable/", failing(BadRequest("odd"))),
    path("forbidden/", failing(PermissionDenied)),
    path("", include("embedsite.urls")),
]
handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error


@pytest.fixture
def visitor(settings) -> Client:
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/nothing/", 404, "There is nothing here"),
        ("/d/999999/", 404, "There is nothing here"),
        ("/unreadable/", 400, "This request cannot be read"),
        ("/forbidden/", 403, "You may not do this"),
    ],
)
def test_error_page_says_what_happened(visitor, address, status, words):
    response = visitor.get(address)
    assert response.status_code == status
    assert words in response.text
    assert problems(response.text) == []


def test_error_500_is_shown_without_the_database(visitor):
    """This test may not touch the database: any query fails it."""
    response = visitor.get("/broken/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text
    assert "a bug" not in response.text
    assert problems(response.text) == []


def test_error_500_keeps_theme_and_language(visitor):
    visitor.cookies["theme"] = "dark"
    response = visitor.get("/broken/", headers={"Accept-Language": "zh-TW"})
    assert '<html lang="zh-Hant" data-theme="dark">' in response.text


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/away/", "/gone/"])
def test_database_away_is_a_503_with_the_state_of_each_part(visitor, address):
    response = visitor.get(address)
    assert response.status_code == 503
    assert "Nothing is lost" in response.text
    assert "Redis" in response.text
    assert problems(response.text) == []


@pytest.mark.django_db
def test_error_page_for_a_user_while_the_database_is_away(client, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("no route")

    client.force_login(UserFactory())
    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/nothing/")
    assert response.status_code == 503
    assert "The database does not answer" in response.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/nothing/", 404),
        ("/api/broken/", 500),
        ("/api/away/", 503),
        ("/api/collections/x/", 404),
    ],
)
def test_errors_under_api_are_problem_details(visitor, address, status):
    response = visitor.get(address)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["detail"]
    assert {key: problem[key] for key in ("type", "status", "instance")} == {
        "type": "about:blank",
        "status": status,
        "instance": address,
    }


@pytest.mark.django_db
def test_form_without_its_token_says_that_it_has_expired():
    client = Client(enforce_csrf_checks=True)
    data = {"username": UserFactory().username, "password": PASSWORD}
    response = client.post("/account/login/", data)
    assert response.status_code == 403
    assert "This form has expired" in response.text
    assert problems(response.text) == []


@pytest.mark.django_db
def test_api_session_without_a_csrf_token_is_a_problem():
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory())
    response = client.post("/api/collections/", {"name": "x"}, content_type="application/json")
    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"
    assert "CSRF" in response.json()["detail"]
