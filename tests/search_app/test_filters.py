"""Filters: which documents each kind of condition leaves, in few passages and in many."""

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from collections_app import services
from collections_app.models import Document, Source, SourceItem, Vector
from collections_app.services import Rejected
from search_app.analysis import query
from search_app.models import DocumentNumber
from search_app.queries import filters, narrowing
from search_app.queries.vectors import matrix, nearest
from tests.factories import CollectionFactory, DocumentFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

VISITOR = AnonymousUser()
METADATA = {
    "a": {"year": 1999, "by": "Ada", "tags": ["sea", "bread"], "seen": "2024-05-31"},
    "b": {"year": "2005", "by": "Ben", "price": 12.5, "seen": "2024-06-01T09:30:00Z"},
    "c": {"year": 2021, "by": "ada", "draft": True, "title": "inner"},
    "d/1": {},
}


@pytest.fixture
def shelf():
    made = CollectionFactory(public=True)
    for key, metadata in METADATA.items():
        DocumentFactory(
            collection=made, external_id=key, metadata=metadata, title=f"The Harbour of {key}"
        )
    made.documents.filter(external_id="c").update(media_type="text/x-python")
    return made


def left(shelf, *written, user=VISITOR):
    """The ids that meet these conditions."""
    condition = filters.condition([query.condition(one) for one in written], [shelf], user)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_id FROM collections_app_document document"
            f" WHERE {condition.sql} ORDER BY 1",
            condition.params,
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ("id:a", ["a"]),
        ("id:d/*", ["d/1"]),
        ("id:%*", []),
        ("title:harbour", ["a", "b", "c", "d/1"]),
        ("title:the harb*", ["a", "b", "c", "d/1"]),
        ("title:harbour the", []),
        ("title:o'h\\*", []),
        ("type:python", ["c"]),
        ("type:text/x-python", ["c"]),
        ("type:code", ["c"]),
        ("-type:code", ["a", "b", "d/1"]),
        ("language:English", ["a", "b", "c", "d/1"]),
        ("language:german", []),
        ("by:Ada", ["a"]),
        ("tags:sea", ["a"]),
        ("draft:true", ["c"]),
        ("draft:*", ["c"]),
        ("-draft:*", ["a", "b", "d/1"]),
        ("by:A*", ["a"]),
        ("price:12.5", ["b"]),
        ("year:2005", ["b"]),
        ("year:>1999", ["b", "c"]),
        ("year:>=1999", ["a", "b", "c"]),
        ("year:1999..2005", ["a", "b"]),
        ("year:..1999", ["a"]),
        ("seen:2024-05..2024-05", ["a"]),
        ("seen:2024..", ["a", "b"]),
        ("seen:>2024-05-31", ["b"]),
        ("seen:<2024-06-01T09:30", ["a"]),
        ("metadata.title:inner", ["c"]),
        ("added:2000", []),
        ("added:2000..", ["a", "b", "c", "d/1"]),
        ("-added:2000..", []),
    ],
)
def test_condition_leaves(shelf, written, ids):
    assert left(shelf, written) == ids


def test_values_of_one_field_are_alternatives_and_all_else_holds_at_once(shelf):
    assert left(shelf, "by:Ada", "by:Ben") == ["a", "b"]
    assert left(shelf, "by:Ada", "by:Ben", "year:>2000") == ["b"]
    assert left(shelf, "year:>1999", "year:<2021") == ["b"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("type:pfd", "no type “pfd”"),
        ("language:klingon", "no language “klingon”"),
        ("added:yesterday", "“yesterday” is no date"),
        ("added:2024-02-30", "“2024-02-30” is no date"),
        ("year:low..high", "no range of numbers or dates"),
        ("id:>5", "“id” wants an id"),
        ("title:*", "“title” wants words"),
        ("source:nowhere", "no source “nowhere”"),
    ],
)
def test_bad_value_says_what_to_write(shelf, written, said):
    with pytest.raises(Rejected, match=said):
        left(shelf, written)


def test_sources_are_for_those_who_may_edit(shelf):
    source = Source.objects.create(collection=shelf, kind="feed", name="News", options={})
    SourceItem.objects.create(source=source, external_id="b")
    assert left(shelf, "source:news", user=shelf.owner) == ["b"]
    assert left(shelf, f"source:{source.pk}", user=shelf.owner) == ["b"]
    for other in (VISITOR, UserFactory()):
        with pytest.raises(Rejected):
            left(shelf, "source:news", user=other)


def test_numbers_of_metadata_follow_every_change(shelf):
    document = shelf.documents.get(external_id="a")

    def numbers():
        rows = DocumentNumber.objects.filter(document=document).order_by("name")
        return list(rows.values_list("name", "kind", "value"))

    assert numbers() == [("seen", "d", 20240531000000.0), ("year", "n", 1999.0)]
    document.metadata = {"price": 3, "huge": 10**60, "seen": "2024-13-01", "text": "x"}
    document.save()
    assert numbers() == [("price", "n", 3.0)]
    services.delete_documents(shelf.documents.filter(pk=document.pk))
    assert numbers() == []


def test_known_fields_are_those_of_the_collections_given(shelf):
    other = CollectionFactory(public=True)
    DocumentFactory(collection=other, metadata={"secret": 1})
    assert filters.known([shelf.pk], ["year", "secret", "nothing"]) == {"year"}
    assert filters.known([], ["year"]) == set()


def test_few_passages_are_named_and_many_are_left_to_the_condition(monkeypatch):
    home = CollectionFactory(public=True)
    texts = {f"n{n}": f"Harbour {n}." for n in range(4)}
    documents = embedded(home, texts, metadata={"kind": "x"})
    embedded(home, {"other": "Bread."})
    wanted = filters.condition([query.condition("kind:x")], [home], VISITOR)
    found = narrowing.scope([home.pk], wanted)
    expected = [one.passages.get().pk for one in documents]
    assert (found.collections, found.passages.tolist()) == ((home.pk,), sorted(expected))
    assert (found.passages.dtype, found.condition) == (np.int64, None)
    monkeypatch.setattr(narrowing, "FEW", 3)
    found = narrowing.scope([home.pk], wanted)
    assert (found.passages, found.condition) == (None, wanted)


def test_cosines_of_few_passages_come_along(monkeypatch):
    home, beside = CollectionFactory(public=True), CollectionFactory(public=True)
    texts = {f"n{n}": f"Harbour {n}." for n in range(4)}
    documents = embedded(home, texts, metadata={"kind": "x"})
    embedded(beside, texts, metadata={"kind": "x"})
    model = home.embedding_model
    Vector.objects.filter(document=documents[0]).update(embedding=[1.0, 0.0])  # not as it should
    vector = np.ones(model.dimension, np.float32)
    wanted = filters.condition([query.condition("kind:x")], [home], VISITOR)
    found = narrowing.scope([home.pk], wanted, near=(model, vector))
    plain = narrowing.scope([home.pk], wanted)
    assert found.passages.tolist() == plain.passages.tolist()
    assert (found.documents, plain.cosines) == (4, None)
    rows = matrix(found.passages, model)
    expected = rows @ vector / np.linalg.norm(rows, axis=1) / np.linalg.norm(vector)
    assert np.allclose(found.cosines, expected, atol=1e-6, equal_nan=True)
    assert np.isnan(found.cosines).sum() == 1
    close = nearest(found, model, vector, 2)
    best = np.argsort(-np.nan_to_num(expected, nan=-2))[:2]
    assert close.passages.tolist() == found.passages[best].tolist()
    monkeypatch.setattr(narrowing, "FEW", 3)
    assert narrowing.scope([home.pk], wanted, near=(model, vector)).condition == wanted


def test_count_stops_at_the_most(shelf):
    Document.objects.update(ready_at="2024-01-01T00:00Z")
    wanted = filters.condition([query.condition("year:*")], [shelf], VISITOR)
    assert [filters.count([shelf.pk], wanted, most) for most in (2, 10)] == [2, 3]
    assert filters.count([shelf.pk], None, 10) == 4
    assert filters.count([], None, 10) == 0
