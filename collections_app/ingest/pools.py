"""What has postings of its own, and how only one process at a time rewrites them."""

from typing import NamedTuple

from django.db import connection


class Pool(NamedTuple):
    """A collection under one model."""

    collection_id: int
    model_id: int


def is_only_one(pool: Pool) -> bool:
    """Holds an advisory lock until the transaction ends; False where another has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_lock(pool)])
        return bool(cursor.fetchone()[0])


def wait(pool: Pool) -> None:
    """Hold that lock once no other process has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_lock(pool)])


def _lock(pool: Pool) -> str:
    return f"embedsite: postings {pool.collection_id} {pool.model_id}"
