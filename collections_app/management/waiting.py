"""Working on the queue from the command line, until a collection is embedded."""

import time
from collections.abc import Callable

from django.db import OperationalError, connection

from collections_app import ingest
from collections_app.models import Collection, Document

PAUSE_SECONDS = 0.5
PATIENCE_SECONDS = 60.0  # with a database that does not answer


def embed_all(collection: Collection, report: Callable[[int], None], *, batch: int) -> None:
    """Embed what waits in the collection, beside any worker; `report` gets how many are left.

    Returns when nothing waits: each document is ready or set aside. Raises
    OperationalError when the database stays away.
    """

    def left() -> int:
        return collection.documents.filter(state=Document.State.QUEUED).count()

    def go_on() -> bool:
        report(left())
        return True

    since = time.monotonic()
    while True:
        try:
            claimed = ingest.run(batch, collection.pk, go_on)
            waiting = left()
        except OperationalError:
            connection.close()
            if time.monotonic() - since > PATIENCE_SECONDS:
                raise
            time.sleep(PAUSE_SECONDS)
            continue
        since = time.monotonic()
        report(waiting)
        if not waiting:
            return
        if not claimed:  # others are at work, or a failed one waits for its next attempt
            time.sleep(PAUSE_SECONDS)
