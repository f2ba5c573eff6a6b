"""The tasks and what wakes them: content that comes and goes, the sweep, the night."""

import threading

import pytest
from django.db import connection, transaction

from collections_app import ingest, services
from collections_app.models import Document
from search_app import clusters, related, tasks
from search_app.models import Clustering, ClusterMember, DocumentVector, RelatedDocument
from search_app.queries import locks, pairs
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db

TEXTS = {f"d{n}": f"Bread and rye, loaf {n}." for n in range(6)}


@pytest.fixture
def calls(monkeypatch):
    """Names and arguments of the tasks that workers are woken for."""
    made = []

    def call(task, *args):
        made.append((task.name.removeprefix("search_app.tasks."), *args))
        return True

    for module in ("search_app.tasks.call", "search_app.receivers.call"):
        monkeypatch.setattr(module, call)
    return made


@pytest.fixture
def collection():
    made = CollectionFactory()
    embedded(made, TEXTS)
    return made


def test_indexed_documents_wake_a_worker_once_nothing_waits(calls):
    collection = CollectionFactory()
    services.add_documents(collection, [services.Incoming("a", body="Bread.")])
    assert ingest.run(1, go_on=lambda: False) == 1
    assert calls == [("refresh_related", collection.pk)]
    calls.clear()
    services.add_documents(
        collection, [services.Incoming(name, body=f"Rye {name}.") for name in ("b", "c")]
    )
    assert ingest.run(1, go_on=lambda: False) == 1
    assert calls == []
    ingest.run()
    assert calls == [("refresh_related", collection.pk)]


def test_deleting_forgets_pairs_and_members_in_the_same_transaction(collection):
    tasks.refresh_related(collection.pk)
    clusters.request(collection, 1)
    tasks.build_clusters(collection.pk)
    gone = collection.documents.get(external_id="d0")
    services.delete_documents(Document.objects.filter(pk=gone.pk))
    for model in (RelatedDocument, ClusterMember, DocumentVector):
        assert not model.objects.filter(document=gone.pk).exists()
    assert not RelatedDocument.objects.filter(other=gone.pk).exists()
    assert clusters.clusters(collection.owner, collection)[0].size == 5


@pytest.mark.django_db(transaction=True)
def test_sweep_wakes_a_worker_for_all_that_is_behind(calls, settings, collection):
    settings.HNSW_THRESHOLD = 6
    clusters.request(collection, 2)
    calls.clear()
    tasks.sweep()
    assert calls == [
        ("refresh_related", collection.pk),
        ("build_clusters", collection.pk),
        ("maintain_indexes",),
    ]
    for name, *args in list(calls):
        getattr(tasks, name)(*args)
    calls.clear()
    tasks.sweep()
    assert calls == []
    services.delete_collection(collection)
    tasks.sweep()
    assert calls == [("maintain_indexes",)]
    tasks.maintain_indexes()
    calls.clear()
    tasks.sweep()
    assert calls == []


def test_refresh_clusters_asks_for_those_whose_documents_changed(calls, collection):
    clusters.request(collection, 2)
    tasks.build_clusters(collection.pk)
    calls.clear()
    tasks.refresh_clusters()
    assert calls == []
    embedded(collection, {"new": "A ship."})
    calls.clear()
    tasks.refresh_clusters()
    assert calls == [("build_clusters", collection.pk)]
    assert Clustering.objects.get().state == Clustering.State.QUEUED


def test_tasks_for_a_collection_that_is_gone_do_nothing():
    tasks.refresh_related(10**9)
    tasks.build_clusters(10**9)
    assert RelatedDocument.objects.count() == Clustering.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_one_worker_at_a_time_refreshes_a_collection(collection):
    with locks.only_one(f"related:{collection.pk}") as mine:
        assert mine
        assert in_thread(lambda: related.refresh(collection.pk)) is False
    assert in_thread(lambda: related.refresh(collection.pk)) is True
    assert related.stale() == []


@pytest.mark.django_db(transaction=True)
def test_deleting_while_lists_are_written_waits_and_leaves_no_pair(collection):
    """Whoever deletes has locked the document's row; a pair's foreign key reads it at commit."""
    tasks.refresh_related(collection.pk)
    document = collection.documents.get(external_id="d0")
    other = collection.documents.get(external_id="d1")
    deleting = None
    with transaction.atomic():
        locks.hold_derived(collection.pk)
        deleting = threading.Thread(
            target=closing(
                lambda: services.delete_documents(Document.objects.filter(pk=document.pk))
            )
        )
        deleting.start()
        wait_for_lock("advisory")
        pairs.flag_listing([other.pk])
        RelatedDocument.objects.filter(document=document).delete()
        RelatedDocument.objects.create(document=document, other=other, score=0.5, rank=1)
    deleting.join(120)
    assert not Document.objects.filter(pk=document.pk).exists()
    assert not RelatedDocument.objects.filter(document=document.pk).exists()


def wait_for_lock(kind):
    """Until another connection waits for a lock of this kind."""
    for _ in range(20_000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = %s"
                " AND pg_sleep(0.005) IS NOT NULL",
                [kind],
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


def closing(work):
    def run():
        try:
            return work()
        finally:
            connection.close()

    return run


def in_thread(work):
    results = []
    thread = threading.Thread(target=lambda: results.append(closing(work)()))
    thread.start()
    thread.join(120)
    return results[0]
