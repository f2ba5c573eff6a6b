"""What the status strip and /api/status/ say of each part."""

import uuid
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection

from collections_app.models import EmbeddingModel
from embedsite import heartbeat, status
from tests.factories import EmbeddingModelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def workers(monkeypatch):
    """A list of workers of the test's own, so that tests side by side do not meet."""
    monkeypatch.setattr(heartbeat, "KEY", f"embedsite:workers:{uuid.uuid4()}")
    with heartbeat.client() as broker:
        broker.delete(heartbeat.KEY)
        yield broker
        broker.delete(heartbeat.KEY)


def sign(name):
    heartbeat.sign(SimpleNamespace(eventer=SimpleNamespace(hostname=name)))


def test_database_names_its_version():
    assert status.database().startswith("PostgreSQL ")


def test_database_that_fails_is_down(monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("no route to host")

    monkeypatch.setattr(connection, "cursor", fail)
    with pytest.raises(status.PartDownError, match="does not answer"):
        status.database()
    with pytest.raises(status.PartDownError, match="unknown while the database is away"):
        status.model()


def test_worker_that_has_not_signed_is_down(workers):
    with pytest.raises(status.PartDownError, match="none runs"):
        status.worker()


def test_workers_that_sign_are_counted_once_each(workers):
    sign("worker@a")
    sign("worker@a")
    assert status.worker() == "1 is running"
    sign("worker@b")
    assert status.worker() == "2 are running"


def test_worker_that_stopped_signing_is_down_and_later_forgotten(workers):
    seconds, _ = workers.time()
    workers.zadd(heartbeat.KEY, {"worker@old": seconds - 60, "worker@ancient": seconds - 7200})
    with pytest.raises(status.PartDownError):
        status.worker()
    sign("worker@new")
    assert workers.zrange(heartbeat.KEY, 0, -1) == [b"worker@old", b"worker@new"]


def test_redis_away_stops_neither_worker_nor_status(settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    sign("worker@a")  # must not raise
    assert [(part.key, part.ok) for part in status.status()] == [
        ("database", True),
        ("broker", False),
        ("worker", False),
        ("model", True),
    ]


def test_model_before_the_first_collection():
    assert status.model() == "is set up with the first collection"


def test_model_is_named():
    EmbeddingModelFactory(name="mini", is_default=True)
    assert status.model() == "mini"


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("package:no_such_package", "the package no_such_package is not installed"),
        ("/nowhere/secret/mini", "the folder of mini does not exist"),
    ],
)
def test_model_whose_files_are_missing_is_down(ref, words):
    backend = EmbeddingModel.Backend.SENTENCE_TRANSFORMERS
    EmbeddingModelFactory(name="mini", ref=ref, backend=backend, is_default=True)
    with pytest.raises(status.PartDownError, match=f"^{words}$"):
        status.model()
