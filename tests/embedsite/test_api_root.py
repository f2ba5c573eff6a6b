"""The API as a whole: its root, its schema, its documentation page."""

import io
import re

import pytest
import yaml
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver
from lxml import html

from tests.embedsite.pages import problems
from tests.factories import UserFactory

METHODS = {"get", "post", "put", "patch", "delete"}
NOT_IN_SCHEMA = {"/api/schema/", "/api/docs/"}  # about the API, not of it


@pytest.fixture(scope="module")
def schema():
    """Generated and validated; a warning fails it."""
    out = io.StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    return yaml.safe_load(out.getvalue())


def addresses(patterns, prefix="/"):
    """Every address below `/api/`, with {} for what varies."""
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern) and address.startswith("/api/"):
            yield re.sub(r"<[^>]+>", "{}", address)


def test_schema_has_every_address_of_the_api(schema):
    paths = [address for address in schema["paths"] if not address.startswith("/v1/")]
    told = {re.sub(r"\{\w+\}", "{}", address) for address in paths}
    assert told == set(addresses(get_resolver().url_patterns)) - NOT_IN_SCHEMA
    assert len(told) > 10


def test_schema_describes_each_operation_and_its_errors(schema):
    operations = [
        (address, method, operation)
        for address, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]
    problem = {"$ref": "#/components/schemas/Problem"}
    for address, method, operation in operations:
        assert operation.get("summary"), (address, method)
        content = operation["responses"]["default"]["content"]
        assert content["application/problem+json"]["schema"] == problem, (address, method)
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names))


def test_schema_names_both_ways_to_log_in(schema):
    schemes = schema["components"]["securitySchemes"]
    assert {
        (scheme["type"], scheme.get("scheme", scheme.get("in"))) for scheme in schemes.values()
    } == {
        ("http", "bearer"),
        ("apiKey", "cookie"),
    }


@pytest.mark.django_db
def test_root_lists_places_that_exist(client):
    client.force_login(UserFactory())
    places = client.get("/api/").json()
    assert {"collections", "search", "questions", "models", "tokens", "status", "docs"} <= set(
        places
    )
    assert places["collections"] == "http://testserver/api/collections/"
    found = {name: client.get(address).status_code for name, address in places.items()}
    wrong = {name: status for name, status in found.items() if status != 200}
    assert wrong == {"search": 400}  # it wants a query


@pytest.mark.django_db
def test_status_tells_of_each_part(client):
    parts = client.get("/api/status/").json()["parts"]
    assert [part["key"] for part in parts] == ["database", "broker", "worker", "model"]
    assert [part["ok"] for part in parts] == [True, True, False, True]
    assert parts[0]["detail"].startswith("PostgreSQL ")


@pytest.mark.django_db
def test_status_speaks_the_language_of_the_request(client):
    parts = client.get("/api/status/", headers={"Accept-Language": "zh-TW"}).json()["parts"]
    assert [part["key"] for part in parts] == ["database", "broker", "worker", "model"]


@pytest.mark.django_db
def test_docs_page_starts_swagger_without_inline_script(client):
    response = client.get("/api/docs/")
    assert response.status_code == 200
    assert problems(response.text) == []
    page = html.document_fromstring(response.text)
    [place] = page.xpath("//*[@id='swagger-ui']")
    assert place.get("data-schema") == "/api/schema/"
    assert place.get("data-csrf-header") == "X-CSRFTOKEN"
    assert place.get("data-csrf-token")
    scripts = page.xpath("//script/@src")
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in scripts
    assert "/static/dist/api_docs.js" in scripts


@pytest.mark.django_db
def test_schema_is_served_to_visitors(client):
    response = client.get("/api/schema/")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("application/vnd.oai.openapi")


@pytest.mark.django_db
def test_other_sites_may_read_the_api_but_not_with_cookies(client):
    response = client.get("/api/", headers={"Origin": "https://elsewhere.example"})
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response
    page = client.get("/", headers={"Origin": "https://elsewhere.example"})
    assert "Access-Control-Allow-Origin" not in page


@pytest.mark.django_db
def test_method_that_an_address_does_not_know_is_a_problem(client):
    client.force_login(UserFactory())
    response = client.put("/api/status/", {}, content_type="application/json")
    assert response.status_code == 405
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["title"] == "Method Not Allowed"
