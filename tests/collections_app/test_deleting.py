"""Delete is delete: rows, passages, vectors and postings go together, and nothing else does."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction

from collections_app import ingest, purge, services, tasks
from collections_app.models import Collection, Document, Passage, Vector
from collections_app.signals import documents_deleting
from tests.factories import CollectionFactory, embedded
from tests.keywords import postings

pytestmark = pytest.mark.django_db

MADE = (Passage, Vector)


@pytest.fixture
def told():
    calls = []

    def receiver(document_ids, **kwargs):
        calls.append((document_ids, Document.objects.filter(pk__in=document_ids).count()))

    documents_deleting.connect(receiver)
    yield calls
    documents_deleting.disconnect(receiver)


def owners():
    """The documents that anything made from documents belongs to."""
    owner = dict(Passage.objects.values_list("pk", "document"))
    return {
        *Passage.objects.values_list("document", flat=True),
        *Vector.objects.values_list("passage__document", flat=True),
        *(owner.get(pk) for pk in postings()),  # None: of a passage that is gone
    }


def test_document_goes_with_all_that_was_made_of_it(told):
    gone, kept = embedded(CollectionFactory(), {"a": "Same words.", "b": "Same words."})
    assert services.delete_documents(Document.objects.filter(pk=gone.pk)) == 1
    assert list(Document.objects.all()) == [kept]
    assert owners() == {kept.pk}
    assert told == [([gone.pk], 1)]  # while the rows are still there


def test_collection_goes_with_its_documents_and_no_others():
    [gone] = embedded(CollectionFactory(), {"a": "Same words."})
    [kept] = embedded(CollectionFactory(), {"a": "Same words."})
    services.delete_collection(gone.collection)
    assert list(Collection.objects.all()) == [kept.collection]
    assert owners() == {kept.pk}


def test_account_goes_with_its_collections(told):
    [gone] = embedded(CollectionFactory(), {"a": "Words."})
    [kept] = embedded(CollectionFactory(), {"a": "Words."})
    owner = gone.collection.owner
    services.create_token(owner, "t", "read")
    services.delete_account(owner)
    assert set(type(owner).objects.all()) == {kept.collection.owner}
    assert owners() == {kept.pk}
    assert [ids for ids, _count in told] == [[gone.pk]]


def test_vector_shared_by_equal_text_outlives_the_document_it_was_made_for(encoder):
    gone, kept = embedded(CollectionFactory(), {"a": "Same words.", "b": "Same words."})
    services.delete_documents(Document.objects.filter(pk=gone.pk))
    services.reembed(Document.objects.all())
    ingest.run()
    assert encoder.texts == ["Same words."]
    assert Vector.objects.get().passage.document == kept


def test_deleting_nothing_is_fine(told):
    assert services.delete_documents(Document.objects.none()) == 0
    services.delete_collection(CollectionFactory())
    assert told == []
    assert not any(model.objects.exists() for model in MADE)


def test_queries_do_not_grow_with_the_documents(django_assert_max_num_queries):
    counts = []
    for size in (1, 5):
        collection = CollectionFactory()
        embedded(collection, {str(n): f"Words {n}." for n in range(size)})
        with django_assert_max_num_queries(77) as context:
            services.delete_collection(collection)
        counts.append(len(context))
    assert counts[0] == counts[1]


def test_large_collection_is_out_of_sight_at_once_and_purged_by_a_worker(monkeypatch):
    monkeypatch.setattr(purge, "CHUNK", 2)
    collection = CollectionFactory(public=True)
    embedded(collection, {str(n): f"Words {n}." for n in range(5)})
    [kept] = embedded(CollectionFactory(owner=collection.owner), {"a": "Words."})
    services.delete_collection(collection, patience=0)
    assert list(Collection.objects.all()) == [kept.collection]
    assert list(Document.objects.visible_to(collection.owner)) == [kept]
    assert Document.objects.filter(collection=collection).count() == 3
    again = services.create_collection(collection.owner, collection.name)  # the name is free
    while purge.work(0):
        assert purge.waiting().get() == collection
    assert set(Collection._base_manager.all()) == {kept.collection, again}
    assert list(Document.objects.all()) == [kept]
    assert owners() == {kept.pk}


def test_rest_of_a_large_collection_is_asked_of_a_worker(
    monkeypatch, django_capture_on_commit_callbacks
):
    called = []
    monkeypatch.setattr("collections_app.wake.call", called.append)
    monkeypatch.setattr("collections_app.tasks.call", called.append)
    monkeypatch.setattr(purge, "CHUNK", 1)
    collection = CollectionFactory()
    embedded(collection, {str(n): f"Words {n}." for n in range(3)})
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_collection(collection, patience=0)
    assert called == [tasks.purge_deleted]
    tasks.sweep()  # had the call been lost
    assert called == [tasks.purge_deleted] * 2
    tasks.purge_deleted()
    assert not Collection._base_manager.exists()


def test_what_is_being_purged_is_neither_embedded_nor_added_to():
    collection = CollectionFactory()
    services.add_documents(collection, [services.Incoming("a", body="Words.")])
    Collection.objects.update(owner=None)
    assert ingest.run() == 0
    with pytest.raises(services.Rejected, match="deleted"):
        services.add_documents(collection, [services.Incoming("b", body="Words.")])


def test_collections_of_a_user_deleted_in_any_way_are_purged():
    [gone] = embedded(CollectionFactory(public=True), {"a": "Words."})
    gone.collection.owner.delete()
    assert not Collection.objects.exists()
    assert not Document.objects.visible_to(AnonymousUser()).exists()
    purge.work(1)
    assert not any(model.objects.exists() for model in (Document, *MADE))


@pytest.mark.django_db(transaction=True)
def test_two_at_one_collection_do_not_wait_for_each_other():
    collection = CollectionFactory()
    embedded(collection, {"a": "Words."})
    Collection.objects.update(owner=None)
    with transaction.atomic():
        Collection._base_manager.select_for_update().get()
        assert elsewhere(lambda: purge.work(1)) is False
        assert Document.objects.count() == 1
    purge.work(1)
    assert Document.objects.count() == 0


def elsewhere(run):
    """What `run` returns in a thread with a connection of its own."""

    def closing():
        try:
            return run()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing).result(timeout=120)
