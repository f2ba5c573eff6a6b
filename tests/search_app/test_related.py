"""Related lists: equal to exact cosines, whatever came and went before."""

import random

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser

from collections_app import ingest, services
from search_app import related
from search_app.models import DocumentVector, RelatedDocument
from search_app.queries import documents
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

WORDS = ["bread", "harbour", "ship", "oven", "dawn", "vessel", "flour", "quay", "loaf", "sail"]


def texts(count, seed=0, *, start=0):
    chosen = random.Random(seed)
    return {
        f"d{n}": " ".join(chosen.choices(WORDS, k=8)) + f" n{n}"
        for n in range(start, start + count)
    }


def stored(collection):
    """{document: [(other, score), ...]} by rank."""
    rows = RelatedDocument.objects.filter(document__collection=collection)
    lists = {pk: [] for pk in collection.documents.values_list("pk", flat=True)}
    for row in rows.order_by("document", "rank"):
        lists[row.document_id].append((row.other_id, row.score))
        assert row.rank == len(lists[row.document_id])
    return lists


def exact(collection, length=10):
    """The same from scratch, by numpy."""
    found = list(collection.documents.order_by("pk"))
    vectors = [documents.vector_of(document) for document in found]
    matrix = np.array(vectors, np.float64).reshape(len(found), 256)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    scores = np.round(matrix @ matrix.T, 9)
    lists = {}
    for n, document in enumerate(found):
        order = sorted((-scores[n, m], found[m].pk) for m in range(len(found)) if m != n)
        lists[document.pk] = [(pk, -score) for score, pk in order[:length]]
    return lists


def assert_exact(collection):
    """Equal lists; where scores are within rounding of each other, either order will do."""
    got, wanted = stored(collection), exact(collection)
    assert got.keys() == wanted.keys()
    for pk, others in wanted.items():
        assert [score for _, score in got[pk]] == pytest.approx(
            [score for _, score in others], abs=1e-6
        )
        assert len({other for other, _ in got[pk]} - {pk}) == len(others)
        last = others[-1][1] if others else 0
        clear = {other for other, score in others if score > last + 1e-6}
        assert clear <= {other for other, _ in got[pk]}


def refreshed(collection):
    assert related.refresh(collection.pk) is True
    assert related.stale() == []


def test_lists_equal_exact_cosines():
    collection = CollectionFactory()
    embedded(collection, texts(30))
    assert related.stale() == [collection.pk]
    refreshed(collection)
    assert_exact(collection)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_small_collections_list_all_others(count):
    collection = CollectionFactory()
    embedded(collection, texts(count))
    refreshed(collection)
    assert_exact(collection)
    assert RelatedDocument.objects.count() == count * (count - 1)


def test_equal_documents_are_related_with_score_one_never_to_themselves():
    collection = CollectionFactory()
    rows = embedded(collection, dict.fromkeys(("a", "b", "c"), "Bread and rye."), title="Same")
    refreshed(collection)
    pks = {row.pk for row in rows}
    for pk, others in stored(collection).items():
        assert {other for other, _ in others} == pks - {pk}
        assert [score for _, score in others] == pytest.approx([1, 1])


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_changes_leaves_what_a_full_computation_gives(seed):
    """Adds, edits and deletes at random, refreshed in between or not."""
    chosen, collection = random.Random(seed), CollectionFactory()
    embedded(collection, texts(14, seed))
    refreshed(collection)
    for step in range(12):
        ids = list(collection.documents.values_list("pk", flat=True))
        action = chosen.choice(["add", "edit", "delete"])
        if action == "add":
            embedded(collection, texts(chosen.randint(1, 3), seed + step, start=100 * (step + 1)))
        elif action == "edit":
            document = collection.documents.get(pk=chosen.choice(ids))
            services.edit_document(document, body=" ".join(chosen.choices(WORDS, k=6)))
            ingest.run()
        else:
            gone = chosen.sample(ids, min(len(ids), chosen.randint(1, 3)))
            services.delete_documents(collection.documents.filter(pk__in=gone))
        if chosen.random() < 0.7:
            refreshed(collection)
            assert_exact(collection)
    refreshed(collection)
    assert_exact(collection)


def test_a_newcomer_is_written_without_touching_lists_it_does_not_enter():
    collection = CollectionFactory()
    embedded(collection, {f"b{n}": f"Bread rye loaf {n}" for n in range(12)})
    embedded(collection, {f"s{n}": f"Ship sail mast {n}" for n in range(12)})
    refreshed(collection)
    bread = set(
        RelatedDocument.objects.filter(document__external_id__startswith="b").values_list(
            "pk", flat=True
        )
    )
    embedded(collection, {"s99": "Ship sail mast 99"})
    refreshed(collection)
    assert_exact(collection)
    assert bread == set(
        RelatedDocument.objects.filter(document__external_id__startswith="b").values_list(
            "pk", flat=True
        )
    )


def test_deleting_purges_pairs_at_once():
    collection = CollectionFactory()
    rows = embedded(collection, texts(15))
    refreshed(collection)
    gone = rows[0].pk
    services.delete_documents(collection.documents.filter(pk=gone))
    pairs = RelatedDocument.objects
    assert not pairs.filter(document=gone).exists()
    assert not pairs.filter(other=gone).exists()
    assert not DocumentVector.objects.filter(document=gone).exists()
    assert related.stale() == [collection.pk]
    refreshed(collection)
    assert_exact(collection)


def test_lists_stay_within_their_collection():
    first, second = CollectionFactory(), CollectionFactory()
    embedded(first, texts(4))
    embedded(second, texts(4))
    refreshed_ids = [first.pk, second.pk]
    assert related.stale() == refreshed_ids
    for pk in refreshed_ids:
        related.refresh(pk)
    for row in RelatedDocument.objects.select_related("document", "other"):
        assert row.document.collection_id == row.other.collection_id


def test_refresh_of_a_deleted_collection_does_nothing():
    assert related.refresh(10**9) is True


def test_a_document_that_was_not_changed_is_not_computed_again():
    collection = CollectionFactory()
    embedded(collection, texts(5))
    refreshed(collection)
    before = list(RelatedDocument.objects.order_by("pk").values_list("pk", "score"))
    refreshed(collection)
    assert list(RelatedDocument.objects.order_by("pk").values_list("pk", "score")) == before


def test_related_shows_the_stored_list_to_who_may_see_it(django_assert_num_queries):
    collection = CollectionFactory()
    rows = embedded(collection, texts(15))
    refreshed(collection)
    with django_assert_num_queries(1):
        shown = related.related(rows[0], collection.owner, 5)
        assert [row.other.external_id for row in shown]
    assert [row.rank for row in shown] == [1, 2, 3, 4, 5]
    assert related.related(rows[0], AnonymousUser()) == []
    assert related.related(rows[0], UserFactory()) == []


def test_most_related_pairs_stand_once_best_first_with_near_duplicates_flagged():
    collection = CollectionFactory()
    embedded(
        collection,
        {
            "a": "Bread of rye with a thick crust.",
            "b": "Bread of rye with a thick crust.",
            "c": "Bread of rye with a thin crust.",
            "d": "A mast and a sail.",
        },
        title="Note",
    )
    refreshed(collection)
    found = related.most_related(collection.owner, collection)
    names = [{pair.document.external_id, pair.other.external_id} for pair in found]
    assert (names[0], len(names)) == ({"a", "b"}, 6)
    assert [pair.near_duplicate for pair in found][:2] == [True, False]
    assert [pair.score for pair in found] == sorted((p.score for p in found), reverse=True)
    assert related.most_related(collection.owner, collection, 1) == found[:1]
    assert related.most_related(AnonymousUser(), collection) == []


def test_what_has_nothing_in_common_is_not_shown():
    one, near, far = embedded(
        CollectionFactory(), {"a": "boats in port", "b": "boats in harbour", "c": "tax forms"}
    )
    related.refresh(one.collection_id)
    assert [row.other for row in related.related(one, one.collection.owner)] == [near]
    assert related.related(far, far.collection.owner) == []


def test_a_document_deleted_while_lists_are_made_is_in_none_and_leaves_none_short(monkeypatch):
    collection = CollectionFactory()
    rows = embedded(collection, texts(40))
    monkeypatch.setattr(related, "MANY", 1)  # all lists anew
    real, gone = related.pairs.replace, [rows[3]]

    def replace(*given):
        if gone:
            services.delete_documents(collection.documents.filter(pk=gone.pop().pk))
        real(*given)

    monkeypatch.setattr(related.pairs, "replace", replace)
    refreshed(collection)
    assert not gone
    assert_exact(collection)
