"""Workers sign a list in Redis every two seconds; reading it costs one round trip."""

import contextlib
import time
from typing import Any

import redis
from celery.signals import heartbeat_sent
from django.conf import settings

KEY = "embedsite:workers"
FRESH_SECONDS = 15
URGENT = "urgent@"  # begins the name of a worker that serves the queue `urgent` alone


def client() -> redis.Redis:
    """The broker as a plain Redis client that does not wait long."""
    url = settings.REDIS_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


@heartbeat_sent.connect
def sign(sender: Any, **_: Any) -> None:
    """Note the time beside this worker's name, and forget workers long gone.

    A worker for what is urgent does not count: it embeds no documents.
    """
    if sender.eventer.hostname.startswith(URGENT):
        return
    now = time.time()
    with contextlib.suppress(redis.RedisError), client() as broker:
        broker.zadd(KEY, {sender.eventer.hostname: now})
        broker.zremrangebyscore(KEY, "-inf", now - 3600)


def workers() -> int:
    """How many workers signed lately. Raises redis.RedisError when the broker is away."""
    with client() as broker:
        return int(broker.zcount(KEY, time.time() - FRESH_SECONDS, "+inf"))
