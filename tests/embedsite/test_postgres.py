import time

import pytest
from django.db import connection
from django.db.backends.postgresql import base

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept():
    """A connection beside that of the test, as a web process keeps one."""
    made = connection.copy()
    made.ensure_connection()
    yield made
    made.close()


def test_a_kept_connection_is_looked_at_without_asking_the_server(kept, monkeypatch):
    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", lambda self: pytest.fail("asked"))
    assert kept.is_usable()


def test_one_whose_server_has_gone_is_not_usable(kept):
    with connection.cursor() as cursor:
        pid = kept.connection.info.backend_pid
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert cursor.fetchone() == (True,)
    end = time.monotonic() + 5
    while kept.is_usable() and time.monotonic() < end:
        time.sleep(0.01)
    assert not kept.is_usable()


def test_a_closed_one_is_not_usable(kept):
    kept.connection.close()
    assert not kept.is_usable()
    kept.close()
    assert not kept.is_usable()


def test_the_next_request_gets_another_connection(kept):
    kept.health_check_enabled = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [kept.connection.info.backend_pid])
    kept.close_if_unusable_or_obsolete()
    with kept.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
