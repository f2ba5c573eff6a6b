"""Manners towards other people's servers: one request at a time, and a pause between two."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

_last: dict[str, float] = {}  # by host: when this process asked it last


@contextmanager
def turn(host: str, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Inside, no other process of the site asks this host; before it, the pause is kept."""
    with _alone(f"embedsite: fetching from {host}"):
        if host in _last:
            pause = _last[host] + settings.FETCH_DELAY_SECONDS - time.monotonic()
            if pause > 0:
                sleep(pause)
        try:
            yield
        finally:
            _last[host] = time.monotonic()


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Holds an advisory lock of the session; it ends with the connection at the latest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
