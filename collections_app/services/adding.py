"""Many documents at once: new ones go in, known ids are edited, equal ones are left alone."""

from collections.abc import Iterable

from collections_app import intake, tasks
from collections_app.intake import AddResult, Incoming
from collections_app.models import Collection
from collections_app.wake import call_on_commit


def add_documents(collection: Collection, items: Iterable[Incoming]) -> AddResult:
    """Add or change documents by their ids, and wake the workers.

    A bad item is a Problem and no other is lost. Raises Rejected when the collection is gone.
    """
    return intake.add_documents(collection, items, lambda: call_on_commit(tasks.embed_pending))
