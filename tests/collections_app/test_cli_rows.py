"""`embed_multi` over rows of files and queries, and over files in other encodings."""

import io
import json
import sqlite3
import sys
from contextlib import closing

import pytest
from django.core.management import CommandError, call_command

from collections_app.models import Collection
from tests.factories import EmbeddingModelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fake_default():
    EmbeddingModelFactory(is_default=True)


@pytest.fixture
def folder(tmp_path, media):
    return tmp_path


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    call_command("embed_multi", "notes", *map(str, words), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refusal(*words):
    with pytest.raises(CommandError) as raised:
        run(*words)
    return raised.value.returncode, str(raised.value)


def texts():
    documents = Collection.objects.get(name="notes").documents.filter(state="ready")
    return dict(documents.values_list("external_id", "text"))


ROWS = {"1": "One harbour", "2": "Zwei Häfen "}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.csv", "id,title,text\n1,One,harbour\n2,Zwei Häfen,\n"),
        ("rows.tsv", "id\ttitle\ttext\n1\tOne\tharbour\n2\tZwei Häfen\t\n"),
        ("rows.json", '[{"id": 1, "title": "One", "text": "harbour"}, '
         '{"id": 2, "title": "Zwei Häfen", "text": null}]'),
        ("rows.nl", '{"id": "1", "title": "One", "text": "harbour"}\n'
         '{"id": "2", "title": "Zwei Häfen", "text": ""}\n'),
    ],
)  # fmt: skip
def test_rows_of_every_format_are_embedded(folder, monkeypatch, name, text):
    file = folder / name
    file.write_text(text)
    assert run(file) == ("notes: 2 added, 0 changed, 0 unchanged, 0 failed.\n", "")
    assert texts() == ROWS
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run("-") == ("notes: 0 added, 0 changed, 2 unchanged, 0 failed.\n", "")
    form = name.removeprefix("rows.")
    assert run(file, "--format", form)[0].endswith("2 unchanged, 0 failed.\n")


def test_first_line_is_a_header_even_where_it_has_numbers(folder):
    (folder / "rows.csv").write_text("1,2\na,Text\n")
    run(folder / "rows.csv")
    assert texts() == {"a": "Text"}


def test_same_text_under_a_second_id_is_kept(folder):
    (folder / "rows.csv").write_text("id,text\na,Same words\nb,Same words\n")
    run(folder / "rows.csv")
    assert texts() == {"a": "Same words", "b": "Same words"}


def test_bad_rows_are_told_and_the_others_go_in(folder):
    lines = ['{"id": "a", "text": "Fine"}', "{", '{"id": "", "text": "No id"}', '{"id": "c"}', "[]"]
    (folder / "rows.nl").write_text("\n".join([*lines, '{"id": "f", "text": "Fine too"}']))
    out, err = run(folder / "rows.nl", "--format", "nl")
    assert out == "notes: 2 added, 0 changed, 0 unchanged, 4 failed.\n"
    assert [line.split(":")[0] for line in err.splitlines()] == ["row 2", "row 3", "row 4", "row 5"]
    assert texts() == {"a": "Fine", "f": "Fine too"}  # and the status is 0: nothing was raised
    (folder / "bad.nl").write_text("{\n[]")
    assert refusal(folder / "bad.nl", "--format", "nl") == (1, "Nothing went in.")


def test_prefix_prepend_and_metadata_go_to_every_row(folder):
    (folder / "rows.csv").write_text("id,text\na,Boats\n")
    run(folder / "rows.csv", "--prefix", "p/", "--prepend", "Title: ", "--metadata", '{"n": 1}')
    assert texts() == {"p/a": "Title: Boats"}
    assert Collection.objects.get().documents.get().metadata == {"n": 1}


def test_rows_of_queries_are_embedded_and_the_files_left_alone(folder):
    path = folder / "blog.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE posts (id INTEGER PRIMARY KEY, n REAL, body, raw BLOB)")
        database.execute(
            "INSERT INTO posts VALUES (7, 1.5, 'Text', x'c3a4'), (8, NULL, 'More', '')"
        )
        database.commit()
    before = path.read_bytes()
    attach = ["--attach", "my blog", path]
    run(*attach, "--sql", 'SELECT * FROM "my blog".posts')
    assert texts() == {"7": "1.5 Text ä", "8": " More "}
    out, _err = run("-d", path, "--sql", "SELECT id, n, body, raw FROM posts")
    assert out == "notes: 0 added, 0 changed, 2 unchanged, 0 failed.\n"
    assert refusal(*attach, "--sql", 'DELETE FROM "my blog".posts') == (
        1,
        "The query cannot be run: attempt to write a readonly database.",
    )
    assert refusal("--sql", "SELECT") == (1, "The query cannot be run: incomplete input.")
    assert refusal("--attach", "x", folder / "no.db", "--sql", "SELECT 1")[0] == 2
    assert path.read_bytes() == before


def test_files_are_read_in_the_first_encoding_that_fits(folder):
    (folder / "utf8.txt").write_bytes("Käse".encode())
    (folder / "latin.txt").write_bytes("Käse".encode("latin-1"))
    files = ["--files", folder, "*.txt"]
    run(*files, "--encoding", "utf-8", "--encoding", "latin-1")
    assert texts() == {"utf8.txt": "Käse", "latin.txt": "Käse"}
    (folder / "latin.txt").write_bytes("Wörter".encode("latin-1"))
    out, err = run(*files, "--encoding", "utf-8")
    assert out == "notes: 0 added, 0 changed, 1 unchanged, 1 failed.\n"
    assert err == f"latin.txt: Could not decode text in file {folder / 'latin.txt'}\n"
    assert refusal(*files, "--encoding", "klingon") == (2, "There is no encoding 'klingon'.")


def test_text_is_put_before_files_too(folder):
    (folder / "a.txt").write_text("Boats")
    run("--files", folder, "*.txt", "--prepend", "Title: ", "--prefix", "p/")
    assert texts() == {"p/a.txt": "Title: Boats"}


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ([], 2, "Either --sql or input path or --files is required"),
        (["--binary", "rows.csv"], 2, "--binary must be used with --files"),
        (
            ["--files", ".", "*", "--binary", "--encoding", "x"],
            2,
            "--binary cannot be used with --encoding",
        ),
        (
            ["rows.csv", "--files", ".", "*"],
            2,
            "Cannot use --files with --sql, input path or --format",
        ),
        (["/nowhere.csv"], 2, "/nowhere.csv is not a file."),
        (
            ["--files", ".", "*", "--binary"],
            1,
            "This model does not support binary data, only text",
        ),
        (["rows.csv", "-d", "x.db"], 1, "Collections are kept in the site's own database"),
    ],
)
def test_bad_command_lines_are_refused_with_the_reference_tools_status(words, status, message):
    found = refusal(*words)
    assert (found[0], found[1][: len(message)]) == (status, message)


def test_file_that_is_no_table_is_refused(folder):
    (folder / "rows.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    assert refusal(folder / "rows.csv")[0] == 1
    (folder / "rows.csv").write_text("id,text\n")
    assert run(folder / "rows.csv")[0] == "notes: 0 added, 0 changed, 0 unchanged, 0 failed.\n"
    (folder / "rows.csv").write_text("id,text\na,\n")
    assert refusal(folder / "rows.csv") == (1, "Nothing went in.")


def test_memory_of_ids_is_json(folder):
    """Ids that are numbers or lists become their JSON, as text."""
    rows = [{"id": 1.5, "t": "x"}, {"id": ["a"], "t": "y"}]
    (folder / "rows.json").write_text(json.dumps(rows))
    run(folder / "rows.json")
    assert texts() == {"1.5": "x", '["a"]': "y"}
