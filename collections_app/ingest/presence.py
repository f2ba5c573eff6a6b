"""Whether the worker that holds a claim is still there.

Each claim is also an advisory lock of the worker's connection. PostgreSQL drops it when the
connection ends, so a worker that was killed is known to be gone before its lease runs out,
on whatever machine it was.
"""

import uuid

from django.db import connection
from django.db.models import Model

from collections_app.models import Document

_SIGN_ON = "SELECT pg_advisory_lock(hashtextextended(%s::text, 0))"
_SIGN_OFF = "SELECT pg_advisory_unlock(hashtextextended(%s::text, 0))"
_RELEASE = """
UPDATE {table} SET claim_token = NULL, lease_until = NULL
WHERE {key} IN (
    SELECT {key} FROM {table} AS claimed
    WHERE state = 'queued' AND claim_token IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (classid::bigint << 32 | objid::bigint)
            = hashtextextended(claimed.claim_token::text, 0)
    )
    FOR UPDATE SKIP LOCKED
)
"""


def sign_on(token: uuid.UUID) -> None:
    """From now on, as long as this connection lasts, the claim counts as worked on."""
    _run(_SIGN_ON, token)


def sign_off(token: uuid.UUID) -> None:
    """The claim is done with."""
    _run(_SIGN_OFF, token)


def release_abandoned(claimed: type[Model] = Document) -> int:
    """Take rows of this table back from workers that are gone; how many."""
    names = {"table": claimed._meta.db_table, "key": claimed._meta.pk.column}
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE.format(**names))
        return int(cursor.rowcount)


def _run(statement: str, token: uuid.UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [token])
