"""Headers and cookies that every answer carries."""

import pytest
from django.test import Client

from tests.factories import PASSWORD, CollectionFactory, UserFactory

pytestmark = pytest.mark.django_db
POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def policy(response):
    parts = response["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.parametrize(
    "address", ["/", "/c/", "/account/login/", "/nothing/", "/api/", "/api/nothing/", "/api/docs/"]
)
def test_answers_carry_the_strict_policy(client, address):
    response = client.get(address)
    assert policy(response) == POLICY
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


def test_admin_pages_carry_the_strict_policy(admin_client):
    for address in ("/admin/", "/admin/auth/user/", "/admin/auth/user/add/"):
        response = admin_client.get(address)
        assert response.status_code == 200
        assert policy(response) == POLICY


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client):
    data = {"username": UserFactory().username, "password": PASSWORD}
    response = client.post("/account/login/", data)
    cookie = response.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert response.cookies["csrftoken"]["samesite"] == "Lax"


def test_visitor_who_only_reads_gets_no_session(client):
    CollectionFactory(public=True)
    assert "sessionid" not in client.get("/").cookies


def test_https_site_redirects_all_but_health(settings):
    settings.SECURE_SSL_REDIRECT = True
    client = Client()
    response = client.get("/c/?page=2")
    assert (response.status_code, response.url) == (301, "https://testserver/c/?page=2")
    assert client.get("/health/").status_code in (200, 503)


def test_another_host_name_is_refused(client):
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "evil.example" not in response.text


def test_robots_are_kept_out_of_what_costs_much(client):
    response = client.get("/robots.txt")
    assert response["Content-Type"].startswith("text/plain")
    assert "Disallow: /ask/" in response.text.splitlines()


def test_favicon_is_found_where_browsers_look_by_themselves(client):
    assert client.get("/favicon.ico").url == "/static/dist/logo.svg"
