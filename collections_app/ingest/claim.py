"""Taking documents off the queue, and holding them while the work lasts."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from collections_app.ingest.states import waiting
from collections_app.models import Document

logger = logging.getLogger(__name__)


@transaction.atomic
def claim(limit: int, collection_id: int | None = None) -> tuple[uuid.UUID, list[Document]]:
    """A fresh token and up to `limit` documents that carry it now, oldest first.

    The attempt is counted here, so a document that kills its worker is counted too. One
    that was tried before waits for the new ones and is then claimed alone: if it is the
    one that kills workers, it takes no other with it.
    """
    token = uuid.uuid4()
    free = waiting(collection_id).order_by("pk").select_for_update(skip_locked=True, of=("self",))
    ids = list(free.filter(attempts=0, not_before=None).values_list("pk", flat=True)[:limit])
    ids = ids or list(free.filter(attempts__gt=0).values_list("pk", flat=True)[:1])
    claimed = Document.objects.filter(pk__in=ids)
    claimed.update(attempts=F("attempts") + 1, claim_token=token, lease_until=lease_end())
    rows = claimed.select_related("collection__embedding_model", "blob").order_by("pk")
    return token, list(rows)


def lease_end() -> CombinedExpression:
    """When a lease taken now ends, by the database's clock."""
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


@contextmanager
def lease_kept(token: uuid.UUID) -> Iterator[None]:
    """Extend the lease of what carries the token, from a thread of its own, while inside."""
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(token, stop), daemon=True, name="lease")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat(token: uuid.UUID, stop: threading.Event) -> None:
    while not stop.wait(settings.LEASE_SECONDS / 3):
        try:
            Document.objects.filter(claim_token=token).update(lease_until=lease_end())
        except DatabaseError as error:
            logger.warning("The lease could not be extended: %s", error)
        finally:
            connection.close()  # this thread's own; beats are far apart
