"""The examples of docs/command-line.md for content and search run as they stand."""

import io
import json
import re
import shlex
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import load_command_class

from collections_app import services
from collections_app.models import Collection
from collections_app.pipeline import embeddings_db
from collections_app.pipeline.embeddings_db import StoredCollection, StoredRow
from tests.factories import DocumentFactory, EmbeddingModelFactory

pytestmark = pytest.mark.django_db(transaction=True)  # a command closes the connection

APPS = {
    "embed": "collections_app",
    "embed_multi": "collections_app",
    "similar": "search_app",
    "search": "search_app",
    "collections": "collections_app",
    "embed_models": "collections_app",
    "import_llm_db": "collections_app",
    "import_word_vectors": "collections_app",
    "words": "search_app",
    "export_llm_db": "collections_app",
    "llm": "collections_app",
}
WITH_A_SERVER = re.compile("embed_models (register|probe|delete) ")  # see test_cli_models
EXAMPLE = re.compile(
    r"^ {4}(?:(?P<before>(?:echo|cat) [^|\n]+) \| )?manage\.py (?P<line>[^\n]+)$", re.M
)


@pytest.fixture
def home(tmp_path, monkeypatch, media):
    """A folder with what the examples name, as the home and the working folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    rows = [{"id": "b1", "title": "Tides", "text": "The sea and the moon."}]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    files = {
        "rows.csv": "id,text\nr1,A backup of SQLite\n",
        "books.csv": "id,text\nb1,The sea and the moon.\n",
        "books.ndjson": text,
        "notes.txt": "A note.",
        "small.vec": "2 2\nking 1 2\nqueen 2 1\n",
        "notes/python/asyncio.md": "# Asyncio\n\nTasks in a loop.",
        "notes/sqlite.md": "# SQLite\n\nBackup tools.",
        "blog/first.html": "<html><body><p>A first post about the harbour.</p></body></html>",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    with closing(sqlite3.connect(tmp_path / "blog.db")) as connection:
        connection.execute("CREATE TABLE posts (id, title, body)")
        connection.execute("INSERT INTO posts VALUES (1, 'One', 'Words')")
        connection.commit()
    stored = StoredCollection(1, "imported", "all-MiniLM-L6-v2")
    embeddings_db.write(tmp_path / "llm.db", [(stored, [StoredRow("a", b"\0\0\x80\x3f" * 8, "x")])])
    return tmp_path


@pytest.fixture
def run(home, monkeypatch, capsysbinary):
    def run(before, line):
        """The exit status and both outputs."""
        line = line.replace('"$(llm collections path)"', "llm.db")
        words = shlex.split(line, comments=True)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(_piped(before, home))))
        if words[0] == "export_llm_db":
            (home / words[1]).unlink(missing_ok=True)  # each example stands for itself
        if "retry" in words and "--id" in words:
            blob = services.store_blob(io.BytesIO(b"Dear all,"), 100)
            where = {"collection": Collection.objects.get(name=words[2]), "blob": blob}
            DocumentFactory(**where, external_id=words[4], state="set_aside")
        capsysbinary.readouterr()
        try:
            command = load_command_class(APPS[words[0]], words[0])
            command.run_from_argv(["manage.py", *words])
        except SystemExit as left:
            return left.code, *capsysbinary.readouterr()
        return 0, *capsysbinary.readouterr()

    return run


def _piped(before, home):
    if not before:
        return b""
    program, operand = shlex.split(before)
    return (home / operand).read_bytes() if program == "cat" else operand.encode() + b"\n"


def examples():
    page = (Path(settings.BASE_DIR) / "docs" / "command-line.md").read_text()
    found = [one.groups() for one in EXAMPLE.finditer(page)]
    return [one for one in found if one[1].split()[0] in APPS and not WITH_A_SERVER.match(one[1])]


def test_every_example_of_the_page_runs(run):
    EmbeddingModelFactory(name="all-MiniLM-L6-v2", is_default=True, dimension=256)
    # What makes collections comes first and what deletes them last: the sections share them.
    found = sorted(
        examples(), key=lambda one: (" delete " in one[1], "embed" not in one[1].split()[0])
    )
    found = [("", "llm embed-multi notes rows.csv"), *found]
    failed = [(line, done) for before, line in found if (done := run(before, line))[0] != 0]
    assert failed == []
    assert len(found) > 20
    assert {line.split()[0] for _before, line in found} == set(APPS)
