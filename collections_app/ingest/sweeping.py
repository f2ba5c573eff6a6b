"""What makes up for dead workers and lost wake-ups."""

import logging

from django.db import connection, transaction

from collections_app import storage
from collections_app.ingest.presence import release_abandoned
from collections_app.ingest.states import release_expired, set_aside_exhausted, waiting

logger = logging.getLogger(__name__)

LOCK = "embedsite: sweep"


def sweep() -> bool:
    """Put the queue in order and remove unused files; True when work waits for a worker.

    Two at a time would do no harm, but the second has nothing to do and leaves at once.
    """
    with transaction.atomic():
        if not _is_only_one():
            return False
        released = release_expired() + release_abandoned()
        given_up = set_aside_exhausted()
    if released or given_up:
        logger.warning("Took %d documents back from workers, gave %d up.", released, given_up)
    storage.sweep_rows()
    return waiting().exists()


def _is_only_one() -> bool:
    """Holds an advisory lock until the transaction ends; False where another has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        return bool(cursor.fetchone()[0])
