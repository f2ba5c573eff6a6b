"""What search_app does when content comes and goes."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.dispatch import receiver

from collections_app.models import Document, ModelChange
from collections_app.signals import documents_deleting, documents_indexed, model_building
from collections_app.wake import call
from search_app import building, placing, related, tasks
from search_app.models import Interest
from search_app.queries import indexes, sql_views


@receiver(documents_indexed)
def refresh_lists(collection_id: int, **_: Any) -> None:
    """Once nothing waits any more: in a long import the sweep refreshes now and then."""
    if not Document.objects.filter(collection=collection_id, state=Document.State.QUEUED).exists():
        call(tasks.refresh_related, collection_id)


@receiver(documents_indexed)
def tell_followers(collection_id: int, **_: Any) -> None:
    """Once nothing waits any more, as above; the sweep sees to the rest."""
    if not Interest.objects.exists():
        return
    if not Document.objects.filter(collection=collection_id, state=Document.State.QUEUED).exists():
        call(tasks.compare_interests, collection_id)


@receiver(documents_deleting)
def forget(document_ids: Sequence[int], **_: Any) -> None:
    """In the deleting transaction: nothing points at what goes."""
    related.forget(document_ids)
    building.forget(document_ids)
    placing.forget(document_ids)


@receiver(model_building)
def build_index(change: ModelChange, **_: Any) -> bool:
    """A switch to a model without its index would make every search slow: it comes first."""
    lacking = indexes.missing(settings.HNSW_THRESHOLD)
    mine = [one for one in lacking if one.collection_id == change.collection_id]
    if not any(one.model_id == change.beside_id for one in mine):
        return False
    call(tasks.maintain_indexes)
    return True


def drop_views(plan: Sequence[Any], **_: Any) -> None:
    """Before migrations: none may be held up by a view of the table that it changes."""
    if plan:
        sql_views.drop()


def make_views(using: str, **_: Any) -> None:
    """After them, once none is left: an older schema, which one may go back to, has other
    columns."""
    executor = MigrationExecutor(connections[using])
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        sql_views.install()
