"""What search_app does when content comes and goes."""

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from collections_app.models import Document
from collections_app.signals import documents_deleting, documents_indexed
from collections_app.wake import call
from search_app import building, related, tasks


@receiver(documents_indexed)
def refresh_lists(collection_id: int, **_: Any) -> None:
    """Once nothing waits any more: in a long import the sweep refreshes now and then."""
    if not Document.objects.filter(collection=collection_id, state=Document.State.QUEUED).exists():
        call(tasks.refresh_related, collection_id)


@receiver(documents_deleting)
def forget(document_ids: Sequence[int], **_: Any) -> None:
    """In the deleting transaction: nothing points at what goes."""
    related.forget(document_ids)
    building.forget(document_ids)
