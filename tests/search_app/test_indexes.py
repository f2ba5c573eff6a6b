"""HNSW indexes: when they are built, that they are used, and what they find."""

import numpy as np
import pytest
from django.db import connection

from collections_app import services
from collections_app.models import EmbeddingModel, Passage, Vector
from search_app import tasks
from search_app.queries import indexes, vectors
from search_app.queries.scope import Scope
from tests.factories import CollectionFactory, DocumentFactory, EmbeddingModelFactory

pytestmark = pytest.mark.django_db(transaction=True)

DIMENSION = 32
ROWS = 1500


@pytest.fixture(autouse=True)
def _no_index_left():
    yield
    for name in indexes.orphans():
        indexes.drop(name)


@pytest.fixture
def model():
    return EmbeddingModelFactory(name="random", dimension=DIMENSION)


def filled(model, count, seed=0):
    """A collection of `count` passages with random vectors, and those as (ids, matrix)."""
    collection = CollectionFactory(embedding_model=model, public=True)
    document = DocumentFactory(collection=collection)
    matrix = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    passages = Passage.objects.bulk_create(
        Passage(
            document=document, collection=collection, model=model, ordinal=n, text=f"Passage {n}.",
            start=0, end=1, token_count=1, content_hash=f"{seed}-{n}",
        )
        for n in range(count)
    )  # fmt: skip
    Vector.objects.bulk_create(
        Vector(
            passage=passage,
            document=document,
            collection=collection,
            model=model,
            content_hash=passage.content_hash,
            embedding=row,
        )
        for passage, row in zip(passages, matrix, strict=True)
    )
    return collection, np.array([passage.pk for passage in passages]), matrix


def exact(ids, matrix, query, limit):
    scores = matrix @ query
    return [int(ids[n]) for n in np.lexsort((ids, -scores))[:limit]]


def queries(count, seed=9):
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_small_collections_are_scanned_exactly(model):
    collection, ids, matrix = filled(model, 60)
    assert indexes.missing(61) == []
    [query] = queries(1)
    found = vectors.nearest(Scope((collection.pk,)), model, query, 10)
    assert found.passages.tolist() == exact(ids, matrix, query, 10)
    cosines = (matrix @ query).astype(np.float64)
    assert found.spread.count == 60
    assert found.spread.mean == pytest.approx(cosines.mean(), abs=1e-6)
    assert found.spread.variance == pytest.approx(cosines.var(), abs=1e-6)


def test_a_large_collection_gets_an_index_that_is_used_and_finds_the_same(model, settings):
    settings.HNSW_THRESHOLD = ROWS
    collection, ids, matrix = filled(model, ROWS)
    small, small_ids, small_matrix = filled(model, 50, seed=5)
    assert [target.collection_id for target in indexes.missing(ROWS)] == [collection.pk]
    assert indexes.ready([collection.pk], model.pk) == {}
    tasks.maintain_indexes()
    assert indexes.missing(ROWS) == []
    assert set(indexes.ready([collection.pk, small.pk], model.pk)) == {collection.pk}

    wanted = found = 0
    for query in queries(20):
        by_index = vectors.nearest(Scope((collection.pk,)), model, query, 10)
        assert len(by_index.passages) == 10
        wanted += 10
        found += len(set(by_index.passages.tolist()) & set(exact(ids, matrix, query, 10)))
        together = vectors.nearest(
            Scope(
                (
                    collection.pk,
                    small.pk,
                )
            ),
            model,
            query,
            10,
        )
        every = exact(
            np.concatenate([ids, small_ids]), np.concatenate([matrix, small_matrix]), query, 10
        )
        assert len(set(together.passages.tolist()) & set(every)) >= 9
        alone = vectors.nearest(Scope((small.pk,)), model, query, 10)
        assert alone.passages.tolist() == exact(small_ids, small_matrix, query, 10)
    assert found / wanted >= 0.98
    assert "vector_hnsw" in plan(collection, model)


def plan(collection, model):
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE collections_app_vector")
        cursor.execute(
            "EXPLAIN " + vectors.by_index_sql(Scope((collection.pk,)), collection.pk, model),
            {"vector": vectors.text(queries(1)[0]), "limit": 200},
        )
        return "\n".join(row[0] for row in cursor.fetchall())


def test_a_page_is_never_short_after_most_rows_are_deleted(model):
    collection, _, _ = filled(model, ROWS)
    indexes.maintain(ROWS)
    [query] = queries(1)
    near = vectors.nearest(Scope((collection.pk,)), model, query, 1000).passages.tolist()
    Vector.objects.filter(passage__in=near).delete()
    left = vectors.nearest(Scope((collection.pk,)), model, query, 100).passages.tolist()
    assert len(left) == 100
    assert not set(left) & set(near)


def test_the_spread_of_an_indexed_collection_is_told_from_a_sample(model):
    collection, _, matrix = filled(model, ROWS)
    indexes.maintain(ROWS)
    [query] = queries(1)
    spread = vectors.nearest(Scope((collection.pk,)), model, query, 5).spread
    cosines = (matrix @ query).astype(np.float64)
    assert spread.count == ROWS
    assert spread.mean == pytest.approx(cosines.mean(), abs=0.02)
    assert spread.variance == pytest.approx(cosines.var(), rel=0.2)


def test_indexes_of_deleted_collections_and_changed_models_are_dropped(model):
    gone, changed = filled(model, 30)[0], filled(model, 30, seed=2)[0]
    indexes.maintain(30)
    assert indexes.orphans() == []
    services.delete_collection(gone)
    changed.embedding_model = EmbeddingModelFactory(name="other")
    changed.save()
    assert len(indexes.orphans()) == 2
    indexes.maintain(30)
    assert indexes.orphans() == []
    assert indexes.ready([gone.pk, changed.pk], model.pk) == {}


def test_an_index_that_broke_is_built_again_and_holds_no_other_up(model, caplog):
    broken, sound = filled(model, 30)[0], filled(model, 30, seed=2)[0]
    misfit = Vector.objects.filter(collection=broken).first()
    Vector.objects.filter(pk=misfit.pk).update(embedding=[1.0, 2.0])
    indexes.maintain(30)
    assert "cannot be built" in caplog.text
    both = [broken.pk, sound.pk]
    assert set(indexes.ready(both, model.pk)) == {sound.pk}
    Vector.objects.filter(pk=misfit.pk).update(embedding=misfit.embedding)
    indexes.maintain(30)
    assert set(indexes.ready(both, model.pk)) == set(both)


def test_models_too_wide_for_an_index_are_scanned(model):
    filled(model, 30)
    EmbeddingModel.objects.filter(pk=model.pk).update(dimension=4001)
    assert indexes.missing(1) == []
