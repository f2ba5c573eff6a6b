"""Search while a collection changes its model: the index beside, and both models compared."""

import pytest
from django.db import connection

from collections_app import changes
from collections_app.models import ModelChange
from search_app import comparing, tasks
from search_app.queries import indexes
from search_app.search import search
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

TEXTS = {
    "a": "The boats lie in the harbour.",
    "b": "A quiet morning by the sea.",
    "c": "Bread and butter.",
}


@pytest.fixture
def collection():
    made = CollectionFactory()
    embedded(made, TEXTS)
    return made


@pytest.fixture
def other():
    return EmbeddingModelFactory(name="other", dimension=96, token_limit=24)


def names():
    with connection.cursor() as cursor:
        cursor.execute(
            r"SELECT relname FROM pg_class WHERE relname LIKE 'vector\_hnsw%' ORDER BY 1"
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_a_change_is_ready_once_its_index_is_built_and_keeps_both_until_the_old_goes(
    collection, other, settings, monkeypatch
):
    settings.HNSW_THRESHOLD = 2
    monkeypatch.setattr("search_app.receivers.call", lambda *args: True)
    indexes.maintain(2)
    old = collection.embedding_model_id
    first, second = (f"vector_hnsw_{collection.pk}_{pk}" for pk in (old, other.pk))
    change = changes.start(collection, other)
    changes.run()
    assert (ModelChange.objects.get().state, names()) == ("building", [first])
    tasks.maintain_indexes()
    changes.sweep()
    assert (ModelChange.objects.get().state, names()) == ("ready", sorted([first, second]))
    changes.switch(change)
    tasks.maintain_indexes()
    assert names() == sorted([first, second])
    hits = search(collection.owner, "harbour", collection=collection).hits
    assert hits[0].document.external_id == "a"
    changes.drop(change)
    changes.work(10)
    tasks.maintain_indexes()
    assert names() == [second]
    indexes.drop(second)


@pytest.mark.django_db(transaction=True)
def test_both_models_are_compared_for_a_query(collection, other):
    change = changes.start(collection, other)
    changes.run()
    places = comparing.compare(collection.owner, change, "boats in the harbour")
    assert {place.document.external_id for place in places} == set(TEXTS)
    assert (places[0].document.external_id, places[0].new_rank, places[0].moved) == ("a", 1, 0)
    assert [place.new_rank for place in places] == [1, 2, 3]
    collection.refresh_from_db()
    assert collection.embedding_model != other


@pytest.mark.django_db(transaction=True)
def test_a_stranger_compares_nothing(collection, other):
    change = changes.start(collection, other)
    changes.run()
    assert comparing.compare(UserFactory(), change, "boats") == []
    assert comparing.judged(collection.owner, change) is None
