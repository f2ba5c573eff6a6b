"""`import_llm_db` and `export_llm_db`: the reference tool's database, both ways."""

import hashlib
import io
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from collections_app.models import Collection, Document, EmbeddingModel, Vector
from collections_app.pipeline import embeddings_db
from collections_app.pipeline.embeddings_db import StoredCollection, StoredRow
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

DIMENSION = 8


@pytest.fixture(autouse=True)
def models(media):
    EmbeddingModelFactory(is_default=True)


def numbers(seed):
    return np.random.default_rng(seed).normal(size=DIMENSION).astype("<f4").tobytes()


def md5(content):
    return hashlib.md5(content).digest()


def row(key, seed=0, **changes):
    content = f"Text of {key}"
    fields = {
        "content": content,
        "content_hash": md5(content.encode()),
        "updated": 1_700_000_000 + seed,
    }
    return StoredRow(key, numbers(seed), **{**fields, **changes})


ROWS = [
    row("plain", 1),
    row("metadata", 2, metadata='{"b": 1, "a": [1.50, "ä"], "b": 2}'),
    row("no object", 3, metadata="[1]"),
    row("no json", 4, metadata="{"),
    row("dir/ü_%", 5, content="  Lines\r\nand\tspace \x0c\n"),
    row("empty", 6, content=""),
    row("not kept", 7, content=None, content_hash=md5(b"secret")),
    row("blob", 8, content=None, content_blob=bytes(range(256)), content_hash=md5(b"b")),
    row("bare", 9, content=None, content_hash=None, metadata=None, updated=None),
    row("odd hash", 10, content_hash=b"other", metadata=""),
]
TABLES = [
    (StoredCollection(3, "readmes", "3-small"), ROWS),
    (StoredCollection(7, "other", "sentence-transformers/e5"), [row("plain", 11)]),
    (StoredCollection(9, "nothing in it", "3-small"), []),
]


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "embeddings.db"
    embeddings_db.write(path, TABLES)
    return path


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    call_command(*map(str, words), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refusal(*words):
    with pytest.raises(CommandError) as raised:
        run(*words)
    return str(raised.value)


def written(vector):
    """A stored vector as the tool writes it."""
    return np.array(vector.embedding, "<f4").tobytes()


def tables(path):
    """Every column of every row, and the schema."""
    with closing(sqlite3.connect(path)) as connection:
        asked = (
            "SELECT type, name, sql FROM sqlite_master",
            "SELECT * FROM collections",
            "SELECT rowid, * FROM embeddings",
            "SELECT id, migration_set, name FROM _sqlite_migrations",
        )
        return [connection.execute(one).fetchall() for one in asked]


def test_round_trip_gives_equal_tables(database, tmp_path):
    assert run("import_llm_db", database) == (
        "readmes: 10 imported, 0 failed.\nother: 1 imported, 0 failed.\n"
        "nothing in it: 0 imported, 0 failed.\n",
        "",
    )
    exported = tmp_path / "again.db"
    out, _err = run("export_llm_db", exported)
    assert out == f"{exported}: 11 embeddings of 3 collections.\n"
    assert tables(exported) == tables(database)


def test_imported_documents_are_ready_with_their_vectors(database):
    run("import_llm_db", database)
    collection = Collection.objects.get(name="readmes")
    assert (collection.owner.username, collection.visibility) == ("admin", "private")
    documents = {one.external_id: one for one in collection.documents.all()}
    assert {one.state for one in documents.values()} == {Document.State.READY}
    assert documents["metadata"].metadata == {"b": 2, "a": [1.5, "ä"]}
    assert documents["no object"].metadata == {}
    assert documents["dir/ü_%"].text == "  Lines\nand\tspace \n\n"
    assert documents["plain"].updated.timestamp() == 1_700_000_001
    assert documents["blob"].blob.size == 256
    for stored in ROWS:
        [vector] = Vector.objects.filter(passage__document=documents[stored.id])
        assert written(vector) == stored.embedding
    model = collection.embedding_model
    assert (model.name, model.ref, model.dimension) == ("3-small", "3-small", DIMENSION)
    assert model.normalised is False


def test_imported_collection_is_searched_by_its_items_and_by_its_words(database):
    run("import_llm_db", database)
    found = [json.loads(line) for line in run("similar", "readmes", "plain")[0].splitlines()]
    vectors = {stored.id: np.frombuffer(stored.embedding, "<f4") for stored in ROWS}
    unit = {key: vector / np.linalg.norm(vector) for key, vector in vectors.items()}
    expected = {key: float(unit[key] @ unit["plain"]) for key in unit if key != "plain"}
    assert {one["id"]: one["score"] for one in found} == pytest.approx(expected, abs=1e-6)
    assert [one["id"] for one in found] == sorted(expected, key=expected.get, reverse=True)
    contents = {one["id"]: one["content"] for one in found}
    assert (contents["metadata"], contents["not kept"]) == ("Text of metadata", None)
    postings = Collection.objects.get(name="readmes").documents.get(external_id="plain")
    assert postings.passages.get().term_count > 0


def test_text_waits_for_the_model_that_is_not_here(database, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    run("import_llm_db", database)
    assert "3-small" in refusal("similar", "readmes", "-c", "a text")


def test_known_model_is_matched_by_name_alias_and_dimension(tmp_path):
    fake = EmbeddingModel.objects.get(name="fake")
    small = EmbeddingModelFactory(name="small", ref="x", dimension=DIMENSION)
    run("embed_models", "alias", "3-small", "small")
    path = tmp_path / "a.db"
    one = [row("a")]
    names = ("3-small", "sentence-transformers/small", "fake")
    embeddings_db.write(
        path, [(StoredCollection(n, name, name), one) for n, name in enumerate(names, 1)]
    )
    run("import_llm_db", path)
    found = {c.name: c.embedding_model for c in Collection.objects.all()}
    assert (found["3-small"], found["sentence-transformers/small"]) == (small, small)
    assert found["fake"] != fake
    assert (found["fake"].name, found["fake"].ref) == (f"fake ({DIMENSION})", "fake")
    run("export_llm_db", tmp_path / "b.db")
    assert tables(tmp_path / "b.db") == tables(path)


def test_importing_again_replaces_rows_and_keeps_the_others(database, tmp_path):
    run("import_llm_db", database)
    collection = Collection.objects.get(name="other")
    more = tmp_path / "more.db"
    stored = StoredCollection(1, "other", "sentence-transformers/e5")
    embeddings_db.write(more, [(stored, [row("plain", 20, content="New"), row("second", 21)])])
    run("import_llm_db", more)
    texts = dict(collection.documents.values_list("external_id", "text"))
    assert texts == {"plain": "New", "second": "Text of second"}
    rows = Vector.objects.filter(collection=collection).order_by("passage__document__external_id")
    assert [written(vector) for vector in rows] == [numbers(20), numbers(21)]


def test_bad_rows_are_told_and_the_others_go_in(tmp_path):
    path = tmp_path / "bad.db"
    nan = np.full(DIMENSION, np.nan, "<f4").tobytes()
    bad = [
        StoredRow("zero", bytes(4 * DIMENSION), "x"),
        StoredRow("nan", nan, "x"),
        StoredRow("none", b"", "x"),
        StoredRow("odd", b"abc", "x"),
        StoredRow("short", numbers(1)[:12], "x"),
        StoredRow("nul", numbers(1), "a\x00b"),
        StoredRow("", numbers(1), "x"),
        StoredRow("no bytes", numbers(1), None, content_blob=b""),
    ]
    embeddings_db.write(path, [(StoredCollection(1, "c", "m"), [bad[0], row("fine"), *bad[1:]])])
    out, err = run("import_llm_db", path)
    assert out == "c: 1 imported, 8 failed.\n"
    reasons = dict(line.split(": ", 1) for line in err.splitlines())
    assert list(reasons) == ["zero", "nan", "none", "odd", "short", "nul", "", "no bytes"]
    assert reasons["short"] == "Its vector has 3 numbers, those of the model have 8."
    assert reasons["zero"].startswith("Its vector is empty, zero")


def test_collection_of_that_name_under_another_model_is_left_alone(database):
    admin = CollectionFactory(owner=UserFactory(username="ada"), name="other").owner
    out, err = run("import_llm_db", database, "--owner", admin.username)
    assert "other" not in out
    assert err == (
        "other: You have a collection of this name under the model fake. Rename one of them.\n"
    )


def test_imported_vector_is_not_taken_for_equal_text_elsewhere(database):
    run("import_llm_db", database)
    model = EmbeddingModel.objects.get(name="3-small")
    EmbeddingModel.objects.filter(pk=model.pk).update(backend="fake", ref="fake")
    mine = CollectionFactory(embedding_model=EmbeddingModel.objects.get(pk=model.pk))
    embedded(mine, {"a": "Text of plain"})
    [vector] = Vector.objects.filter(collection=mine)
    assert written(vector) != numbers(1)


def test_edited_document_is_exported_as_it_is_now(tmp_path):
    path = tmp_path / "a.db"
    stored = [row("a", metadata='{"k":1}'), row("b")]
    EmbeddingModelFactory(name="tiny", dimension=DIMENSION)
    embeddings_db.write(path, [(StoredCollection(1, "c", "tiny"), stored)])
    run("import_llm_db", path)
    embedded(Collection.objects.get(), {"a": "Other words"})
    run("export_llm_db", tmp_path / "b.db", "c")
    with embeddings_db.opened(tmp_path / "b.db") as file:
        rows = {one.id: one for one in file.rows(1)}
    assert rows["b"] == stored[1]
    assert rows["a"].content == "Other words"
    assert rows["a"].content_hash == md5(b"Other words")
    assert rows["a"].embedding != stored[0].embedding
    assert rows["a"].updated > 1_700_000_100


def test_document_of_many_passages_is_exported_with_one_vector(tmp_path):
    collection = CollectionFactory(owner__username="ada", name="long")
    embedded(collection, {"a": "\n\n".join(f"Paragraph {n} about it. " * 12 for n in range(9))})
    vectors = [vector.embedding for vector in Vector.objects.all()]
    assert len(vectors) > 3
    run("export_llm_db", tmp_path / "a.db", "--owner", "ada")
    with embeddings_db.opened(tmp_path / "a.db") as file:
        [found] = file.rows(1)
    mean = np.mean(vectors, axis=0)
    expected = mean / np.linalg.norm(mean)
    assert np.frombuffer(found.embedding, "<f4") == pytest.approx(expected, abs=1e-6)


def test_real_tool_opens_our_export_and_finds_the_same_neighbours(tmp_path):
    EmbeddingModel.objects.all().delete()
    collection = CollectionFactory(owner__username="ada", name="notes", real=True)
    texts = ["boats at night", "a harbour", "cheese", "mountain cheese", "the sea", "a storm"]
    embedded(collection, {f"n/{n}": text for n, text in enumerate(texts)}, metadata={"k": "ü"})
    path = tmp_path / "embeddings.db"
    run("export_llm_db", path, "--owner", "ada")
    script = (
        "import sys, json, llm, sqlite_utils\n"
        "found = llm.Collection('notes', sqlite_utils.Database(sys.argv[1]), create=False)\n"
        "print(found.model_id, found.count())\n"
        "for one in found.similar_by_id('n/2', 5): print(json.dumps(vars(one)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path],
        capture_output=True,
        text=True,
        env=os.environ | {"LLM_USER_PATH": str(tmp_path), "LLM_LOAD_PLUGINS": ""},
        cwd=settings.BASE_DIR,
    )
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head == "sentence-transformers/all-MiniLM-L6-v2 6"
    theirs = [json.loads(line) for line in lines]
    mine = run("similar", "notes", "n/2", "--owner", "ada")[0].splitlines()
    assert [json.loads(line) for line in mine] == [
        one | {"score": pytest.approx(one["score"], abs=1e-6)} for one in theirs
    ]
    assert theirs[0]["id"] == "n/3"


def test_database_of_the_real_tool_goes_both_ways(tmp_path):
    script = (
        "import sys, llm, sqlite_utils\n"
        "class Tiny(llm.EmbeddingModel):\n"
        "    model_id = 'tiny'\n"
        "    def embed_batch(self, items):\n"
        "        return ([len(item) + 0.1, 1.5, -2.25] for item in items)\n"
        "c = llm.Collection('c', sqlite_utils.Database(sys.argv[1]), model=Tiny())\n"
        "c.embed('a', 'One', metadata={'z': 1, 'a': 'ü'}, store=True)\n"
        "c.embed('b', 'Three')\n"
        "c.embed_multi([('x', 'Sixty'), ('y', 'Seven hundred')], store=True)\n"
    )
    path, again = tmp_path / "embeddings.db", tmp_path / "again.db"
    done = subprocess.run(
        [sys.executable, "-c", script, path],
        env=os.environ | {"LLM_USER_PATH": str(tmp_path), "LLM_LOAD_PLUGINS": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert run("import_llm_db", path)[0] == "c: 4 imported, 0 failed.\n"
    run("export_llm_db", again)
    assert tables(again) == tables(path)


@pytest.mark.parametrize("make", [
    lambda path: path.write_bytes(b"not a database" * 100),
    lambda path: sqlite3.connect(path).execute("CREATE TABLE embeddings (id)").connection.close(),
    lambda path: sqlite3.connect(path).execute(
        "CREATE VIRTUAL TABLE embeddings USING fts5(collection_id, id, embedding)"
    ).connection.close(),
])  # fmt: skip
def test_what_is_no_such_database_is_refused(tmp_path, make):
    path = tmp_path / "x.db"
    make(path)
    assert refusal("import_llm_db", path).startswith(
        ("There is no table “embeddings”", "The file is not an SQLite database")
    )
    assert not Collection.objects.exists()


def test_database_of_an_old_version_is_read(tmp_path):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE collections (id INTEGER PRIMARY KEY, name TEXT, model TEXT);"
            "CREATE TABLE embeddings (collection_id INTEGER, id TEXT, embedding BLOB, content TEXT,"
            " metadata TEXT, PRIMARY KEY (collection_id, id));"
            "INSERT INTO collections VALUES (1, 'c', 'm');"
        )
        connection.execute("INSERT INTO embeddings VALUES (1, 'a', ?, 'Words', NULL)", [numbers(1)])
        connection.commit()
    assert run("import_llm_db", path)[0] == "c: 1 imported, 0 failed.\n"


def test_export_never_overwrites(tmp_path):
    path = tmp_path / "a.db"
    path.write_text("mine")
    assert refusal("export_llm_db", path) == f"{path} exists already. Name a file that does not."
    assert refusal("export_llm_db", tmp_path / "no" / "a.db").endswith("is not a folder.")
    assert refusal("export_llm_db", tmp_path / "b.db") == "admin has no collections."
    assert refusal("import_llm_db", Path("/nowhere.db")) == "/nowhere.db is not a file."
    assert path.read_text() == "mine"
