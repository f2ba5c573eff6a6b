"""Queries of databases and uploaded files: what they give, and what they may not do."""

import io
import json
import socket
import sqlite3
import tarfile
import threading
import zipfile
from contextlib import closing, suppress
from urllib.parse import quote

import pytest
from django.db import connection

from collections_app import services, sources, storage
from collections_app.pipeline.rows import Plan
from collections_app.services import Rejected
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db(transaction=True)

PLAN = Plan("id", title_column="title", text_columns=("text",), metadata_columns={"n": "number"})


@pytest.fixture
def collection():
    return CollectionFactory()


def run(source):
    made = services.request_run(source)
    sources.work(60, lambda: None)
    made.refresh_from_db()
    return made


def counts(one):
    names = ("added", "changed", "unchanged", "removed", "skipped", "failed")
    return one.state, *(getattr(one, name) for name in names)


def documents(collection):
    fields = ("external_id", "title", "body", "metadata")
    return list(collection.documents.values_list(*fields))


def upload(data):
    return storage.store(io.BytesIO(data), 10_000_000)


def file_source(collection, name, data, **options):
    return services.create_source(
        collection, "file", name, {"name": name} | options, blob=upload(data)
    )


@pytest.fixture
def database(tmp_path, settings):
    settings.SOURCE_ROOTS = [str(tmp_path)]
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE notes (id INTEGER, title TEXT, text TEXT, n REAL)")
        rows = [(1, "One", "The words of one.", 1.5), (2, "Two", "The words of two.", None)]
        made.executemany("INSERT INTO notes VALUES (?, ?, ?, ?)", rows)
    return path


def sqlite_source(collection, path, query="SELECT * FROM notes", plan=PLAN):
    options = {"path": str(path), "query": query, "plan": plan.as_options() if plan else {}}
    return services.create_source(collection, "sqlite", "Database", options)


def test_rows_of_an_sqlite_query_become_documents_and_follow_it(database, collection):
    source = sqlite_source(collection, database)
    assert counts(run(source)) == ("done", 2, 0, 0, 0, 0, 0)
    assert documents(collection) == [
        ("1", "One", "The words of one.", {"n": 1.5}),
        ("2", "Two", "The words of two.", {}),
    ]
    with closing(sqlite3.connect(database)) as made, made:
        made.execute("DELETE FROM notes WHERE id = 1")
        made.execute("UPDATE notes SET text = 'Other words.' WHERE id = 2")
    assert counts(run(source)) == ("done", 0, 1, 0, 1, 0, 0)


def test_uploaded_sqlite_file_is_read_with_columns_chosen_for_it(database, collection):
    options = {"query": "SELECT id, title, text FROM notes"}
    source = services.create_source(
        collection, "sqlite", "Upload", options, blob=upload(database.read_bytes())
    )
    assert counts(run(source)) == ("done", 2, 0, 0, 0, 0, 0)
    assert documents(collection)[0][:3] == ("1", "One", "The words of one.")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM notes",
        "DROP TABLE notes",
        "INSERT INTO notes VALUES (3, '', '', 0)",
        "CREATE TABLE x (y)",
        "ATTACH '/tmp/other.db' AS other",
        "PRAGMA table_info(notes)",
        "SELECT load_extension('/tmp/x.so')",
        "SELECT 1 AS id; DELETE FROM notes",
        "SELECT * FROM missing",
        "VACUUM INTO '/tmp/copy.db'",
        "nonsense",
    ],
)
def test_sqlite_query_that_does_more_than_read_fails(database, collection, query):
    before = database.read_bytes()
    made = run(sqlite_source(collection, database, query))
    assert made.state == "failed"
    assert made.error.startswith("SQLite says: ")
    assert database.read_bytes() == before


def test_sqlite_query_without_end_is_stopped(database, collection, monkeypatch):
    monkeypatch.setattr(sources.kinds.sqlite, "SECONDS", 0.2)
    query = (
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
        "SELECT count(*) AS id FROM c"
    )
    made = run(sqlite_source(collection, database, query))
    assert (made.state, made.error) == ("failed", "SQLite says: interrupted.")


def test_file_that_is_no_sqlite_fails(database, collection):
    database.write_bytes(b"not a database at all" * 100)
    made = run(sqlite_source(collection, database))
    assert made.error == "SQLite says: file is not a database."


def test_sqlite_file_outside_of_the_roots_is_rejected(database, collection, settings, tmp_path):
    settings.SOURCE_ROOTS = [str(tmp_path / "elsewhere")]
    with pytest.raises(Rejected, match="is outside the folders"):
        sqlite_source(collection, database)
    settings.SOURCE_ROOTS = []
    with pytest.raises(Rejected, match="SOURCE_ROOTS"):
        sqlite_source(collection, database)


@pytest.fixture
def address(settings):
    """The tests' own PostgreSQL, over a port of 127.0.0.1 that leads to its socket."""
    found = connection.settings_dict
    if not str(found["HOST"]).startswith("/"):
        yield f"postgresql://{found['USER']}:{found['PASSWORD']}@{found['HOST']}/{found['NAME']}"
        return
    settings.FETCH_ALLOWED_NETWORKS = ["127.0.0.1/32"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_bridge, args=(listener, found["HOST"]), daemon=True).start()
        port = listener.getsockname()[1]
        who = f"{quote(found['USER'])}:{quote(found['PASSWORD'])}"
        yield f"postgresql://{who}@127.0.0.1:{port}/{found['NAME']}"


def _bridge(listener, folder):
    while True:
        try:
            inner, _from = listener.accept()
        except OSError:
            return
        outer = socket.socket(socket.AF_UNIX)
        outer.connect(f"{folder}/.s.PGSQL.5432")
        for one, other in ((inner, outer), (outer, inner)):
            threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one, other):
    with one, suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


@pytest.fixture
def table():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE things (id int, title text, text text, n numeric, day date)")
        cursor.execute("INSERT INTO things VALUES (1, 'One', 'Words.', 2.5, '2026-01-02')")
        cursor.execute("INSERT INTO things VALUES (2, 'Two', 'More words.', 3, NULL)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE things")


def sql_source(collection, address, query, **options):
    plan = PLAN.as_options() | {"metadata_columns": {"n": "number", "day": "date"}}
    return services.create_source(
        collection,
        "sql",
        "SQL",
        {"query": query, "plan": plan} | options,
        secrets={"address": address},
    )


def test_rows_of_a_postgresql_query_become_documents(address, table, collection):
    source = sql_source(collection, address, "SELECT * FROM things ORDER BY id")
    assert counts(run(source)) == ("done", 2, 0, 0, 0, 0, 0)
    assert documents(collection) == [
        ("1", "One", "Words.", {"n": 2.5, "day": "2026-01-02"}),
        ("2", "Two", "More words.", {"n": 3}),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM things RETURNING *",
        "SELECT 1 AS id; COMMIT; DROP TABLE things",
        "COMMIT",
        "SELECT * FROM missing",
        "COPY things TO STDOUT",
    ],
)
def test_postgresql_query_that_does_more_than_read_fails(address, table, collection, query):
    made = run(sql_source(collection, address, query))
    assert made.state == "failed"
    assert made.error.startswith("The database says: ")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM things")
        assert cursor.fetchone() == (2,)


def test_postgresql_query_over_its_time_is_stopped(address, collection):
    made = run(sql_source(collection, address, "SELECT pg_sleep(30)", seconds=1))
    assert "statement timeout" in made.error


def test_internal_database_is_refused(collection):
    made = run(sql_source(collection, "postgresql://u:p@127.0.0.1/x", "SELECT 1"))
    assert (made.state, made.error[:34]) == ("failed", "127.0.0.1 is not on the public int")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:///name",
        "postgresql://u@/name?host=/var/run",
        "postgresql://u@host/name?service=x",
        "postgresql://u@host/name?passfile=/etc/passwd",
        "postgresql://u@host/name?options=-c%20x",
        "postgresql://u@host/name?hostaddr=127.0.0.1",
        "postgresql://u@one,two/name",
        "postgresql://u@host/name?sslmode=disable",
        "mysql://u@host/name",
        "host",
    ],
)
def test_addresses_of_databases_that_could_lead_elsewhere_are_rejected(collection, address):
    with pytest.raises(Rejected):
        sql_source(collection, address, "SELECT 1")


def zipped(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, words in files.items():
            archive.writestr(name, words)
    return data.getvalue()


def test_archive_becomes_a_document_for_each_file(collection):
    data = zipped({"a.md": "About a.", "deep/b.md": "About b.", "empty.md": ""})
    made = run(file_source(collection, "notes.zip", data))
    assert counts(made) == ("done", 2, 0, 0, 0, 0, 1)
    assert [row[0] for row in documents(collection)] == ["a.md", "deep/b.md"]


def test_links_in_an_archive_are_skipped(collection):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        note = tarfile.TarInfo("a.md")
        note.size = 5
        archive.addfile(note, io.BytesIO(b"Words"))
        link = tarfile.TarInfo("link.md")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    made = run(file_source(collection, "notes.tar.gz", data.getvalue()))
    assert made.added == 1
    assert [row[0] for row in documents(collection)] == ["a.md"]


def test_rows_of_an_uploaded_table_become_documents_and_bad_ones_are_told(collection):
    data = b"id,title,text,n\n1,One,Words of one.,1.5\n2,Two,,\n,Three,Words.,2\n"
    plan = PLAN.as_options()
    made = run(file_source(collection, "rows.csv", data, plan=plan))
    assert counts(made) == ("done", 2, 0, 0, 0, 0, 1)
    assert documents(collection) == [
        ("1", "One", "Words of one.", {"n": 1.5}),
        ("2", "Two", "Two", {}),
    ]
    [(name, reason)] = made.problems.values_list("external_id", "reason")
    assert (name, reason) == ("row 3", "The row has no id: 'id' is empty.")


def test_rows_go_on_where_a_run_stopped(collection, monkeypatch):
    monkeypatch.setattr(sources.chunks, "ITEMS", 2)
    data = "\n".join(json.dumps({"id": n, "text": f"Words of {n}."}) for n in range(5)).encode()
    services.request_run(file_source(collection, "rows.ndjson", data))
    sources.running.execute(sources.queue.claim(), lambda: None, lambda: False)
    claimed = sources.queue.claim()
    assert (claimed.added, claimed.cursor["at"]) == (2, 2)
    sources.running.execute(claimed, lambda: None)
    claimed.refresh_from_db()
    assert counts(claimed) == ("done", 5, 0, 0, 0, 0, 0)


def test_file_that_is_neither_archive_nor_table_fails(collection):
    made = run(file_source(collection, "x.bin", bytes(range(256)) * 10, reading="rows"))
    assert made.state == "failed"
    again = run(file_source(collection, "y.zip", b"no archive", reading="container"))
    assert again.error == "It is neither an archive nor a mailbox that can be read."
