"""Who may do what over the API: visitors, sessions, tokens of either scope, nobody's tokens."""

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from collections_app.models import ApiToken, Collection, Document
from collections_app.services import create_token
from collections_app.throttles import EmbedThrottle
from tests.factories import CollectionFactory, DocumentFactory, UserFactory

pytestmark = pytest.mark.django_db

PROBLEM = "application/problem+json"
READS = [
    "/api/collections/{c}/",
    "/api/collections/{c}/progress/",
    "/api/collections/{c}/documents/",
    "/api/documents/{d}/",
    "/api/documents/{d}/passages/",
]
WRITES = [
    ("patch", "/api/collections/{c}/", {"description": "New."}, 200),
    ("post", "/api/collections/{c}/documents/", {"id": "x", "text": "Words."}, 201),
    ("post", "/api/collections/{c}/retry/", None, 202),
    ("post", "/api/collections/{c}/reembed/", None, 202),
    ("patch", "/api/documents/{d}/", {"title": "New"}, 200),
    ("post", "/api/documents/{d}/retry/", None, 202),
    ("post", "/api/documents/{d}/reembed/", None, 202),
    ("delete", "/api/documents/{d}/", None, 204),
    ("delete", "/api/collections/{c}/", None, 204),
]


def client_with(user, scope):
    _token, key = create_token(user, "t", scope)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def session_of(user):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    client.cookies["csrftoken"] = "a" * 32
    client.credentials(HTTP_X_CSRFTOKEN="a" * 32)
    return client


def clients(user):
    """Each way in: its name, and a client that uses it."""
    return {
        "visitor": APIClient(),
        "session": session_of(user),
        "read": client_with(user, "read"),
        "write": client_with(user, "write"),
    }


def at(url, document):
    return url.format(c=document.collection_id, d=document.pk)


@pytest.mark.parametrize("url", READS)
def test_private_content_is_read_by_its_owner_alone(url):
    document = DocumentFactory()
    mine = clients(document.collection.owner)
    theirs = clients(UserFactory(is_superuser=True))
    found = {name: one.get(at(url, document)).status_code for name, one in mine.items()}
    assert found == {"visitor": 404, "session": 200, "read": 200, "write": 200}
    found = {one.get(at(url, document)).status_code for one in theirs.values()}
    assert found == {404}


@pytest.mark.parametrize("url", READS)
def test_public_content_is_read_by_all(url):
    document = DocumentFactory(collection__public=True)
    assert {one.get(at(url, document)).status_code for one in clients(UserFactory()).values()} == {
        200
    }


@pytest.mark.parametrize(("method", "url", "data", "status"), WRITES)
def test_only_the_owner_writes_and_not_with_a_reading_token(method, url, data, status):
    def answers(people):
        return {
            name: getattr(one, method)(at(url, document), data, format="json").status_code
            for name, one in people.items()
        }

    document = DocumentFactory(collection__public=True)
    theirs = answers(clients(UserFactory()))
    assert theirs == {"visitor": 401, "session": 404, "read": 403, "write": 404}
    mine = clients(document.collection.owner)
    allowed = {"session": mine.pop("session"), "write": mine.pop("write")}
    assert answers(mine) == {"visitor": 401, "read": 403}
    assert Collection.objects.get() == document.collection
    assert Document.objects.get() == document
    for name in allowed:
        document = DocumentFactory(collection__owner=document.collection.owner)
        assert answers({name: allowed[name]}) == {name: status}


def test_session_needs_the_csrf_token():
    user = UserFactory()
    client = session_of(user)
    client.credentials()
    response = client.post("/api/collections/", {"name": "x"}, format="json")
    assert (response.status_code, response["Content-Type"]) == (403, PROBLEM)
    assert "CSRF" in response.json()["detail"]
    assert client.get("/api/tokens/").status_code == 200


@pytest.mark.parametrize("key", ["es_unknown", "", "a b", "ü", "es_" + "x" * 5000])
def test_unknown_token_is_refused_also_for_public_content(key):
    collection = CollectionFactory(public=True)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    response = client.get(f"/api/collections/{collection.pk}/")
    assert (response.status_code, response["Content-Type"]) == (401, PROBLEM)
    assert response["WWW-Authenticate"] == 'Bearer realm="embedsite"'


def test_revoked_token_and_token_of_an_inactive_user_stop_working():
    user = UserFactory()
    client = client_with(user, "write")
    assert client.get("/api/tokens/").status_code == 200
    user.is_active = False
    user.save()
    assert client.get("/api/tokens/").status_code == 401
    user.is_active = True
    user.save()
    ApiToken.objects.all().delete()
    assert client.get("/api/tokens/").status_code == 401


def test_use_of_a_token_is_recorded_once_a_minute(django_assert_num_queries):
    client = client_with(UserFactory(), "read")
    assert ApiToken.objects.get().last_used is None
    client.get("/api/models/")
    first = ApiToken.objects.get().last_used
    client.get("/api/models/")
    assert first is not None
    assert ApiToken.objects.get().last_used == first


def test_tokens_are_made_and_revoked_by_a_session_alone():
    user = UserFactory()
    people = clients(user)
    made = people["session"].post("/api/tokens/", {"name": "x", "scope": "read"}, format="json")
    assert made.status_code == 201
    assert made.json()["key"].startswith(made.json()["prefix"])
    assert ApiToken.objects.get(pk=made.json()["id"]).digest == ApiToken.hash(made.json()["key"])
    place = f"/api/tokens/{made.json()['id']}/"
    for name, status in {"visitor": 401, "read": 403, "write": 403}.items():
        data = {"name": "y", "scope": "write"}
        assert people[name].post("/api/tokens/", data, format="json").status_code == status
        assert people[name].delete(place).status_code == status
    assert "key" not in people["read"].get("/api/tokens/").json()["results"][0]
    assert session_of(UserFactory()).delete(place).status_code == 404
    assert people["session"].delete(place).status_code == 204


def test_token_without_a_scope_may_write():
    made = session_of(UserFactory()).post("/api/tokens/", {"name": "x"}, format="json")
    assert (made.status_code, made.json()["scope"]) == (201, "write")


def test_tokens_listed_are_ones_own():
    create_token(UserFactory(), "theirs", "read")
    answer = clients(UserFactory())["session"].get("/api/tokens/").json()
    assert {row["name"] for row in answer["results"]} == {"t"}
    assert APIClient().get("/api/tokens/").status_code == 401


def test_embedding_is_for_users_and_throttled(monkeypatch):
    cache.clear()
    people = clients(CollectionFactory().owner)
    data = {"text": "Words.", "model": "fake"}
    found = {
        name: one.post("/api/embed/", data, format="json").status_code
        for name, one in people.items()
    }
    assert found == {"visitor": 401, "session": 200, "read": 200, "write": 200}
    monkeypatch.setattr(EmbedThrottle, "rate", "1/min", raising=False)
    cache.clear()
    people["read"].post("/api/embed/", data, format="json")
    response = people["read"].post("/api/embed/", data, format="json")
    assert (response.status_code, response["Content-Type"]) == (429, PROBLEM)
    assert int(response["Retry-After"]) > 0
    cache.clear()
