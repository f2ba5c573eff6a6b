"""What rag_app does when content goes, and when clusters are to be named."""

from typing import Any

from django.dispatch import receiver

from collections_app.models import Collection
from collections_app.signals import documents_deleting
from rag_app import quality
from rag_app.answer import cluster_names, reading
from search_app.models import Cluster
from search_app.signals import naming_clusters


@receiver(documents_deleting)
def forget(document_ids: list[int], **_: Any) -> None:
    """Answers written from documents that are being deleted lose their words."""
    reading.forget(document_ids)
    quality.forget(document_ids)


@receiver(naming_clusters)
def name_clusters(
    collection: Collection,
    parent: Cluster | None,
    chat: str,
    prompt: str,
    truncate: int | None,
    **_: Any,
) -> str:
    """The `cluster` command has no chat models of its own."""
    given = cluster_names.TRUNCATE if truncate is None else truncate
    return cluster_names.name_clusters(collection, chat, prompt, given, parent=parent).problem
