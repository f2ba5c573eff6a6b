"""Delete is delete: rows, passages, vectors and postings go together, and nothing else does."""

import pytest

from collections_app import ingest, services
from collections_app.models import Collection, Document, Passage, Posting, Vector
from collections_app.signals import documents_deleting
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db

MADE = (Passage, Vector, Posting)


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
    return {
        *Passage.objects.values_list("document", flat=True),
        *Vector.objects.values_list("passage__document", flat=True),
        *Posting.objects.values_list("passage__document", flat=True),
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
    ingest.drain()
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
        with django_assert_max_num_queries(40) as context:
            services.delete_collection(collection)
        counts.append(len(context))
    assert counts[0] == counts[1]
