"""/health/: one word per part, and a status that a load balancer understands."""

import uuid
from types import SimpleNamespace

import pytest
from django.test import Client

from embedsite import heartbeat
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(monkeypatch):
    """One worker that has just signed, in a list of the test's own: others run beside it."""
    monkeypatch.setattr(heartbeat, "KEY", f"embedsite:workers:{uuid.uuid4()}")
    heartbeat.sign(SimpleNamespace(eventer=SimpleNamespace(hostname="worker@a")))
    yield
    with heartbeat.client() as broker:
        broker.delete(heartbeat.KEY)


def test_health_of_a_whole_site(client, worker):
    response = client.get("/health/")
    assert response.status_code == 200
    assert response.json() == dict.fromkeys(["database", "broker", "worker", "model"], "OK")


def test_health_without_a_worker(client, monkeypatch):
    monkeypatch.setattr(heartbeat, "KEY", "embedsite:workers:nobody")
    response = client.get("/health/")
    assert response.status_code == 503
    assert response.json()["worker"] == "none runs; uploads are kept and wait"
    assert response.json()["database"] == "OK"


def test_health_without_redis(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    response = client.get("/health/")
    assert response.status_code == 503
    assert {name: said == "OK" for name, said in response.json().items()} == {
        "database": True,
        "broker": False,
        "worker": False,
        "model": True,
    }


def test_health_is_never_cached_and_starts_no_session(worker):
    client = Client()
    response = client.get("/health/")
    assert "no-cache" in response["Cache-Control"]
    assert response.cookies == {}


def test_health_is_the_same_for_users(client, worker):
    client.force_login(UserFactory())
    response = client.get("/health/")
    assert (response.status_code, response.json()["worker"]) == (200, "OK"), response.json()
