"""What rag_app does when content goes."""

from typing import Any

from django.dispatch import receiver

from collections_app.signals import documents_deleting
from rag_app.answer import reading


@receiver(documents_deleting)
def forget(document_ids: list[int], **_: Any) -> None:
    """Answers written from documents that are being deleted lose their words."""
    reading.forget(document_ids)
