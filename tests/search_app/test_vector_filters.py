"""The vector leg under filters: nothing that passes is left out while there is room."""

import numpy as np
import pytest
from django.db import connection

from collections_app.models import Document, Passage, Vector
from search_app.queries import indexes, vectors
from search_app.queries.scope import Condition, Scope
from tests.factories import CollectionFactory, EmbeddingModelFactory

pytestmark = pytest.mark.django_db(transaction=True)
DIMENSION = 16
ROWS = 1500
EVERY_THIRD = Condition("(document.metadata ->> 'n')::int %% %(by)s = 0", {"by": 3})
FEW_AND_FAR = Condition("(document.metadata ->> 'n')::int < %(below)s", {"below": 12})


@pytest.fixture(params=["scanned", "indexed"])
def filled(request):
    """A collection of documents with a passage each, and their (ids, matrix)."""
    model = EmbeddingModelFactory(name="random", dimension=DIMENSION)
    collection = CollectionFactory(embedding_model=model)
    documents = Document.objects.bulk_create(
        Document(collection=collection, external_id=str(n), metadata={"n": n}) for n in range(ROWS)
    )
    passages = Passage.objects.bulk_create(
        Passage(
            document=document, collection=collection, model=model, ordinal=0, text="Text.",
            start=0, end=5, token_count=1, content_hash=document.external_id,
        )
        for document in documents
    )  # fmt: skip
    matrix = np.random.default_rng(1).normal(size=(ROWS, DIMENSION)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    Vector.objects.bulk_create(
        Vector(
            passage=passage, document_id=passage.document_id, collection=collection, model=model,
            content_hash=passage.content_hash, embedding=row,
        )
        for passage, row in zip(passages, matrix, strict=True)
    )  # fmt: skip
    if request.param == "indexed":
        indexes.maintain(ROWS)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE collections_app_vector, collections_app_passage")
            cursor.execute("ANALYZE collections_app_document")
    return collection, np.array([passage.pk for passage in passages]), matrix


def exact(ids, matrix, query, kept, limit):
    cosines = np.where(kept, matrix @ query, -2)
    return ids[np.lexsort((ids, -cosines))[: min(limit, kept.sum())]].tolist()


def queries(count):
    rows = np.random.default_rng(2).normal(size=(count, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("condition", "kept"),
    [(EVERY_THIRD, np.arange(ROWS) % 3 == 0), (FEW_AND_FAR, np.arange(ROWS) < 12)],
    ids=["a third", "twelve"],
)
def test_a_condition_leaves_the_nearest_that_meet_it(filled, condition, kept):
    collection, ids, matrix = filled
    scope = Scope((collection.pk,), condition=condition)
    wanted = found = 0
    for query in queries(20):
        nearest = vectors.nearest(scope, collection.embedding_model, query, 20)
        expected = exact(ids, matrix, query, kept, 20)
        assert len(nearest.passages) == len(expected)
        assert set(nearest.passages.tolist()) <= set(ids[kept].tolist())
        assert np.all(np.diff(nearest.cosines) <= 0)
        wanted += len(expected)
        found += len(set(nearest.passages.tolist()) & set(expected))
    assert found / wanted >= 0.99


def test_given_passages_are_ranked_exactly(filled):
    collection, ids, matrix = filled
    kept = np.zeros(ROWS, bool)
    kept[[3, 500, 777, 1200]] = True
    for query in queries(5):
        scope = Scope((collection.pk,), passages=ids[kept])
        nearest = vectors.nearest(scope, collection.embedding_model, query, 3)
        assert nearest.passages.tolist() == exact(ids, matrix, query, kept, 3)


def test_a_filter_changes_nothing_of_the_spread(filled):
    collection, ids, matrix = filled
    [query] = queries(1)
    spread = vectors.nearest(
        Scope((collection.pk,), passages=ids[:2]), collection.embedding_model, query, 2
    ).spread
    cosines = (matrix @ query).astype(np.float64)
    assert spread.count == ROWS
    assert spread.mean == pytest.approx(cosines.mean(), abs=0.03)
    assert spread.variance == pytest.approx(cosines.var(), rel=0.2)


def test_no_passage_is_left_where_none_passes(filled):
    collection, _, _ = filled
    [query] = queries(1)
    nowhere = Scope((collection.pk,), passages=np.zeros(0, np.int64))
    found = vectors.nearest(nowhere, collection.embedding_model, query, 5)
    assert (found.passages.tolist(), found.cosines.tolist()) == ([], [])


def test_vectors_come_in_the_order_asked_for(filled):
    collection, ids, matrix = filled
    wanted = np.array([ids[7], 0, ids[3]])  # no passage has the number 0
    read = vectors.matrix(wanted, collection.embedding_model)
    assert np.array_equal(read[0], matrix[7])
    assert np.isnan(read[1]).all()
    assert np.array_equal(read[2], matrix[3])
