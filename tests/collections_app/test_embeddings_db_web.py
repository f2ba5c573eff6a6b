"""The reference tool's `embeddings.db` by the pages and the API: a stranger's file, by a run."""

import sqlite3

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from collections_app import sources
from collections_app.models import Collection, EmbeddingModel, ModelAlias, Quota, Run, Vector
from collections_app.pipeline import embeddings_db
from collections_app.pipeline.embeddings_db import StoredCollection, StoredRow
from collections_app.services import llm_export
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory

pytestmark = pytest.mark.django_db
PLACE = "/api/embeddings-db/"
OUT = "embeddings_db_file"


def vector(number, length=256):
    made = np.zeros(length, "<f4")
    made[number] = 1
    return made.tobytes()


def notes(count=3):
    return [
        StoredRow(f"n{n}", vector(n), content=f"Words of {n}", metadata=f'{{"n": {n}}}', updated=n)
        for n in range(count)
    ]


@pytest.fixture
def user(media):
    EmbeddingModelFactory()
    return UserFactory()


@pytest.fixture
def api(user):
    client = APIClient()
    client.force_login(user)
    return client


@pytest.fixture
def file(tmp_path):
    """Makes a file of {name: rows} under a model; its bytes."""
    made = []

    def make(tables, model="fake"):
        path = tmp_path / f"{len(made)}.db"
        made.append(path)
        stored = (
            (StoredCollection(n, name, model), rows)
            for n, (name, rows) in enumerate(tables.items(), start=1)
        )
        embeddings_db.write(path, stored)
        return path.read_bytes()

    return make


def send(api, data):
    return api.post(PLACE, {"file": SimpleUploadedFile("embeddings.db", data)})


def body(answer):
    """The file of an answer, which is closed when it has been read."""
    return b"".join(answer.streaming_content)


def work():
    sources.work(20, lambda: None)


def counts(run):
    return run.state, run.added, run.changed, run.unchanged, run.removed, run.failed


def test_file_comes_in_by_runs_and_goes_out_as_it_came(api, user, file, tmp_path):
    data = file({"notes": notes(), "others": notes(1)})
    answer = send(api, data)
    assert answer.status_code == 202
    assert [(one["name"], one["problem"]) for one in answer.json()] == [
        ("notes", ""),
        ("others", ""),
    ]
    work()
    run = Run.objects.get(pk=answer.json()[0]["run"])
    assert counts(run) == ("done", 3, 0, 0, 0, 0)
    collection = Collection.objects.get(pk=answer.json()[0]["collection"])
    assert (collection.owner, collection.name) == (user, "notes")
    documents = collection.documents.order_by("external_id")
    assert [(one.text, one.metadata, one.state) for one in documents] == [
        (f"Words of {n}", {"n": n}, "ready") for n in range(3)
    ]
    assert Vector.objects.filter(collection=collection).count() == 3
    out = api.get(PLACE)
    assert out["Cache-Control"] == "private, no-store"
    (tmp_path / "out.db").write_bytes(body(out))
    with embeddings_db.opened(tmp_path / "out.db") as found:
        assert found.collections() == [
            StoredCollection(1, "notes", "fake"),
            StoredCollection(2, "others", "fake"),
        ]
        kept = [(row.id, row.embedding, row.content, row.updated) for row in found.rows(1)]
    assert kept == [(row.id, row.embedding, row.content, row.updated) for row in notes()]


def test_same_file_again_costs_nothing_and_a_new_one_brings_what_changed(api, file):
    send(api, file({"notes": notes(5)}))
    work()
    send(api, file({"notes": notes(5)}))
    work()
    assert counts(Run.objects.first()) == ("done", 0, 0, 5, 0, 0)
    changed = [StoredRow("n0", vector(9), content="Other words"), *notes(5)[1:4]]
    send(api, file({"notes": changed}))
    work()
    assert counts(Run.objects.first()) == ("done", 0, 1, 3, 1, 0)
    texts = Collection.objects.get().documents.values_list("external_id", "text")
    assert dict(texts)["n0"] == "Other words"
    assert len(texts) == 4


def test_bad_rows_are_told_and_lose_no_others(api, file):
    bad = [StoredRow("zero", vector(0)[:0] + b"\0" * 1024), StoredRow("short", b"\0\0\x80?")]
    send(api, file({"notes": [*notes(2), *bad]}))
    work()
    run = Run.objects.get()
    assert counts(run) == ("done", 2, 0, 0, 0, 2)
    assert [(one.external_id, one.reason) for one in run.problems.all()] == [
        ("zero", "Its vector is empty, zero, too long or has numbers that are not finite."),
        ("short", "Its vector has 1 numbers, those of the model have 256."),
    ]


def test_vectors_go_under_a_registered_model_or_stay_out(api, file):
    (answer,) = send(api, file({"notes": notes()}, "ada")).json()
    assert answer["run"] is None
    assert answer["problem"].startswith("No model “ada” with vectors of 256 numbers is registered")
    assert (EmbeddingModel.objects.count(), Collection.objects.count()) == (1, 0)
    ModelAlias.objects.create(name="ada", model=EmbeddingModel.objects.get())
    assert send(api, file({"notes": notes()}, "ada")).json()[0]["problem"] == ""


def test_collection_that_came_otherwise_is_left_alone(api, user, file):
    mine = CollectionFactory(owner=user, name="notes")
    (answer,) = send(api, file({"notes": notes()})).json()
    assert answer["problem"].startswith("You have a collection of this name that came otherwise.")
    CollectionFactory(name="others")  # of somebody else
    assert send(api, file({"others": notes()})).json()[0]["problem"] == ""
    work()
    assert mine.documents.count() == 0


def test_quota_holds(api, user, file):
    Quota.objects.create(user=user, max_documents=2)
    send(api, file({"notes": notes()}))
    work()
    assert counts(Run.objects.get()) == ("done", 2, 0, 0, 0, 1)


def hostile(tmp_path, *statements):
    path = tmp_path / "hostile.db"
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize(
    "statements",
    [
        [],
        ["CREATE TABLE t (a)"],
        ["CREATE TABLE collections (id, name, model)", "CREATE VIEW embeddings AS SELECT 1 AS id"],
        [
            "CREATE TABLE collections (id, name, model)",
            "CREATE VIRTUAL TABLE embeddings USING fts5(collection_id, id, embedding)",
        ],
    ],
)
def test_file_that_is_none_is_refused(api, tmp_path, statements):
    data = hostile(tmp_path, *statements) or b"not SQLite at all"
    answer = send(api, data)
    assert answer.status_code == 400
    assert Collection.objects.count() == 0


def test_column_that_runs_a_function_is_not_read(api, tmp_path):
    data = hostile(
        tmp_path,
        "CREATE TABLE collections (id, name, model)",
        "CREATE TABLE embeddings (collection_id, id, embedding, content GENERATED ALWAYS AS"
        " (hex(zeroblob(100000))) VIRTUAL)",
        "INSERT INTO collections VALUES (1, 'notes', 'fake')",
        "INSERT INTO embeddings (collection_id, id, embedding)"
        f" VALUES (1, 'a', x'{vector(0).hex()}')",
    )
    assert send(api, data).json()[0]["problem"] == ""
    work()
    assert Collection.objects.get().documents.get().text == ""


def test_only_what_one_may_see_goes_out(api, user):
    hidden, public = CollectionFactory(), CollectionFactory(public=True)
    assert api.get(f"{PLACE}?collection={hidden.pk}").status_code == 404
    assert body(api.get(f"{PLACE}?collection={public.pk}")).startswith(b"SQLite format 3")
    assert APIClient().get(PLACE).status_code in (401, 403)


def test_collection_named_twice_goes_out_once(api, client, user):
    mine = CollectionFactory(owner=user)
    client.force_login(user)
    for who, place, name in ((api, PLACE, "collection"), (client, reverse(OUT), "c")):
        answer = who.get(f"{place}?{name}={mine.pk}&{name}=0{mine.pk}")
        assert body(answer).startswith(b"SQLite format 3")


def test_page_brings_in_and_offers_what_goes_out(client, user, file, monkeypatch):
    client.force_login(user)
    place, out = reverse("embeddings_db"), reverse("embeddings_db_file")
    sent = SimpleUploadedFile("embeddings.db", file({"notes": notes(), "late": []}))
    page = client.post(place, {"file": sent})
    run = Run.objects.get()
    assert reverse("run", args=[run.pk]) in page.content.decode()
    assert "None of its rows has a vector" in page.content.decode()
    broken = client.post(place, {"file": SimpleUploadedFile("a.db", b"words")})
    assert "not an SQLite database" in broken.content.decode()
    work()
    mine = Collection.objects.get()
    assert f'value="{mine.pk}"' in client.get(place).content.decode()
    assert body(client.get(out, {"c": mine.pk})).startswith(b"SQLite format 3")
    monkeypatch.setattr(llm_export, "MOST_AT_ONCE", 1)
    refused = client.get(out, {"c": mine.pk})
    assert (refused.status_code, "These are 3 documents" in refused.content.decode()) == (422, True)
    client.force_login(UserFactory())
    assert client.get(out, {"c": mine.pk}).status_code == 404
