"""The real `llm` package and our commands on the same input with the same vectors.

`manage.py llm ...` is run with the words that `llm` is run with, and the outputs compared.
"""

import base64
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import load_command_class

from collections_app import services
from tests.factories import EmbeddingModelFactory

pytestmark = pytest.mark.django_db(transaction=True)  # a command closes the connection

TOOL = Path(__file__).with_name("reference_tool.py")
BOOKS = [
    {"id": "sea/1", "title": "Harbour lights", "text": "boats in the harbour at night"},
    {"id": "sea/2", "title": "Storm", "text": "boats in a storm, far out, at sea"},
    {"id": "hill/1", "title": "Ridge", "text": "a night on the ridge above the harbour"},
    {"id": "hill/2", "title": "Käse", "text": "cheese from the mountain, at night"},
    {"id": "hill/3", "title": "Nothing", "text": "a path in the hills"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def fake_default(media):
    EmbeddingModelFactory(is_default=True)


@pytest.fixture
def llm(tmp_path):
    """Runs command lines of the reference tool, its state kept for this test."""
    environment = os.environ | {
        "LLM_USER_PATH": str(tmp_path / "llm"),
        "LLM_LOAD_PLUGINS": "",
        "PYTHONPATH": str(settings.BASE_DIR),
    }

    def run(*lines, given=b""):
        coded = base64.b64encode(given).decode()
        asked = json.dumps([{"words": [*map(str, words)], "input": coded} for words in lines])
        done = subprocess.run(
            [sys.executable, TOOL, settings.MODELS_DIR],
            input=asked,
            capture_output=True,
            text=True,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return [(base64.b64decode(one["out"]), one["status"]) for one in json.loads(done.stdout)]

    return run


@pytest.fixture
def ours(monkeypatch, capsysbinary):
    """Runs the same command lines here, as from a shell."""

    def run(*lines, given=b""):
        done = []
        for words in lines:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
            capsysbinary.readouterr()
            command, status = load_command_class("collections_app", "llm"), 0
            try:
                command.run_from_argv(["manage.py", "llm", *map(str, words)])
            except SystemExit as left:
                status = left.code
            done.append((capsysbinary.readouterr().out, status))
        return done

    return run


def as_csv(delimiter):
    """Each cell quoted: the tool's guess at the delimiter needs that."""
    cells = [[f'"{cell}"' for cell in row.values()] for row in BOOKS]
    return "\n".join([delimiter.join(BOOKS[0]), *(delimiter.join(row) for row in cells), ""])


def rows_files(folder):
    """The same rows in each format: {name of the format: words that name them}."""
    texts = {
        "csv": as_csv(","),
        "tsv": as_csv("\t"),
        "json": json.dumps(BOOKS, indent=2),
        "nl": "".join(json.dumps(row) + "\n" for row in BOOKS),
    }
    words = {}
    for kind, text in texts.items():
        (folder / f"books.{kind}").write_text(text)
        words[kind] = [folder / f"books.{kind}", *(["--format", "nl"] if kind == "nl" else [])]
    with closing(sqlite3.connect(folder / "books.db")) as database:
        database.execute("CREATE TABLE books (id TEXT, title TEXT, text TEXT)")
        database.executemany("INSERT INTO books VALUES (:id, :title, :text)", BOOKS)
        database.commit()
    query = "SELECT id, title, text FROM b.books"
    words["sql"] = ["--attach", "b", folder / "books.db", "--sql", query]
    (folder / "books").mkdir()
    for row in BOOKS:
        file = folder / "books" / (row["id"] + ".txt")
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{row['title']} {row['text']}".replace("ä", "a"))
    words["files"] = ["--files", folder / "books", "**/*.txt"]
    return words


def results(out):
    """The JSON lines of `similar`, with scores that may differ in the seventh place."""
    rows = [json.loads(line) for line in out.decode().splitlines()]
    return [row | {"score": pytest.approx(row["score"], abs=1e-6)} for row in rows]


def same_results(theirs, mine):
    assert [status for _out, status in theirs] == [status for _out, status in mine]
    assert [results(out) for out, _status in mine] == [results(out) for out, _status in theirs]


@pytest.mark.parametrize("form", [[], *(["-f", one] for one in ("json", "blob", "base64", "hex"))])
def test_vectors_are_printed_alike(llm, ours, tmp_path, form):
    (tmp_path / "text").write_text("Words of a file")
    lines = [
        ["embed", "-m", "fake", "-c", "Two words", *form],
        ["embed", *form, "-m", "fake", "-i", tmp_path / "text"],
        ["embed", "-m", "fake", "-i", "-", *form],
        ["embed", "-m", "fake", *form],
    ]
    theirs = llm(*lines, given=b"Words that came in")
    assert ours(*lines, given=b"Words that came in") == theirs
    assert [status for _out, status in theirs] == [0] * 4
    assert len({out for out, _status in theirs}) == 3


@pytest.mark.parametrize("model", ["fake", "mini"])
def test_rows_of_every_format_and_files_are_found_alike(llm, ours, tmp_path, model):
    if model == "mini":
        EmbeddingModelFactory(name="mini", **services.collections.MINILM)
    inputs = rows_files(tmp_path)
    adding = [
        ["embed-multi", kind, *words, "--store", "-m", model] for kind, words in inputs.items()
    ]
    end = {kind: ".txt" if kind == "files" else "" for kind in inputs}
    asking = [
        ["similar", kind, *words]
        for kind in inputs
        for words in (
            ["-c", "boats at night"],
            ["-n", "2", "sea/1" + end[kind]],
            ["hill/1" + end[kind], "--prefix", "hill/"],
            ["-i", "-", "-n", "1"],
        )
    ]
    given = b"cheese from the hills"
    theirs = llm(*adding, *asking, ["collections", "list", "--json"], given=given)
    mine = ours(*adding, *asking, ["collections", "list", "--json"], given=given)
    n = len(adding)
    assert [status for _out, status in theirs] == [status for _out, status in mine]
    same_results(theirs[n:-1], mine[n:-1])
    assert [len(results(out)) for out, _status in mine[n : n + 4]] == [5, 2, 2, 1]
    assert mine[-1] == theirs[-1]
    assert json.loads(mine[-1][0])[0] == {"name": "csv", "model": model, "num_embeddings": 5}


def test_piped_rows_are_found_alike(llm, ours):
    lines = [
        [
            "embed-multi",
            "books",
            "-",
            "--store",
            "-m",
            "fake",
            "--prefix",
            "p/",
            "--prepend",
            "On: ",
        ],
        ["similar", "books", "-c", "On: boats"],
    ]
    given = as_csv(",").encode()
    theirs, mine = llm(*lines, given=given), ours(*lines, given=given)
    same_results(theirs[1:], mine[1:])
    assert results(mine[1][0])[0]["id"].startswith("p/sea/")


def test_metadata_and_plain_output_are_printed_alike(llm, ours):
    lines = [
        [
            "embed",
            "n",
            "a",
            "-c",
            "boats",
            "--store",
            "-m",
            "fake",
            "--metadata",
            '{"n": [1, "ä"]}',
        ],
        ["embed", "n", "b", "-c", "boats and\nmore", "--store", "-m", "fake"],
        ["similar", "n", "-c", "boats"],
        ["similar", "n", "-c", "boats", "--plain"],
    ]
    theirs, mine = llm(*lines), ours(*lines)
    assert mine[:2] == theirs[:2] == [(b"", 0)] * 2
    same_results(theirs[2:3], mine[2:3])

    def rounded(line):
        found = re.sub(rb"\((.*?)\)", lambda score: b"(%.6f)" % float(score[1]), line[0])
        return found, line[1]

    assert rounded(mine[3]) == rounded(theirs[3])
    assert mine[3][0].endswith(b"boats and\n  more\n\n")


def test_collections_and_the_default_model_are_told_alike(llm, ours):
    lines = [
        ["embed-models", "default", "fake"],
        ["embed-models", "default"],
        ["embed", "one", "a", "-c", "boats"],
        ["embed", "two", "a", "-c", "boats"],
        ["embed", "two", "b", "-c", "more boats"],
        ["collections"],
        ["collections", "list"],
        ["collections", "--json"],
        ["collections", "delete", "two"],
        ["collections", "list"],
    ]
    assert ours(*lines) == llm(*lines)


def test_what_cannot_be_done_ends_with_the_same_status(llm, ours, tmp_path):
    (tmp_path / "rows.csv").write_text("id,text\na,b\n")
    (tmp_path / "bad.json").write_text("[1")
    rows = ["embed-multi", "n", tmp_path / "rows.csv", "-m", "fake"]
    lines = [
        ["embed", "n", "a", "-c", "boats", "-m", "fake"],
        ["embed", "n"],
        ["embed", "-c", "x", "--store", "-m", "fake"],
        ["embed", "-c", "x", "-m", "nowhere"],
        ["embed", "-m", "fake", "-i", tmp_path / "none"],
        ["embed", "-m", "fake", "-c", "x", "-f", "xml"],
        ["embed", "-m", "fake", "-c", "x", "--metadata", "[1]"],
        ["embed", "-m", "fake"],
        ["embed-multi"],
        ["embed-multi", "n", "-m", "fake"],
        ["embed-multi", "n", tmp_path / "none", "-m", "fake"],
        [*rows, "--binary"],
        [*rows, "--files", tmp_path, "*"],
        [*rows, "--format", "xml"],
        ["embed-multi", "n", "--files", tmp_path / "none", "*", "-m", "fake"],
        ["embed-multi", "n", "--files", tmp_path, "*", "--binary", "--encoding", "x"],
        ["embed-multi", "n", "--files", tmp_path, "rows.csv", "--binary", "-m", "fake"],
        ["embed-multi", "n", "--sql", "SELECT", "-m", "fake"],
        ["similar", "n"],
        ["similar", "none", "-c", "x"],
        ["similar", "n", "none"],
        ["similar"],
        ["collections", "delete"],
        ["collections", "delete", "none"],
        ["embed-models", "default", "none"],
    ]
    theirs = [status for _out, status in llm(*lines)]
    mine = [status for _out, status in ours(*lines)]
    pairs = zip(lines, theirs, mine, strict=True)
    assert [one for one in pairs if one[1] != one[2]] == []
    assert theirs[0] == 0
    assert set(theirs[1:]) == {1, 2}


def counts(out):
    return {row["name"]: row["num_embeddings"] for row in json.loads(out)}


def test_what_the_reference_tool_gets_wrong_is_mended(llm, ours, tmp_path):
    (tmp_path / "numbers.json").write_text('[{"id": 1, "pages": 12, "text": "Twelve"}]')
    (tmp_path / "bad.nl").write_text('{"id": "a", "text": "Fine"}\n{\n{"id": "b", "text": "Too"}\n')
    (tmp_path / "a.txt").write_text("Käse")
    (tmp_path / "plain.csv").write_text("id,text\na_b,One word\naxb,Two words\n")
    lines = [
        ["embed", "twice", "a", "-c", "Same words", "-m", "fake"],
        ["embed", "twice", "b", "-c", "Same words", "-m", "fake", "-f", "hex"],
        ["embed-multi", "numbers", tmp_path / "numbers.json", "-m", "fake"],
        ["embed-multi", "bad", tmp_path / "bad.nl", "--format", "nl", "-m", "fake"],
        ["embed-multi", "files", "--files", tmp_path, "*.txt", "-m", "fake", "--store"],
        ["embed-multi", "prefix", tmp_path / "plain.csv", "-m", "fake"],
        ["collections", "list", "--json"],
        ["similar", "files", "-c", "Käse"],
        ["similar", "prefix", "-c", "word", "--prefix", "a_"],
    ]
    theirs, mine = llm(*lines), ours(*lines)
    assert [status for _out, status in theirs] == [0, 1, 1, 1, 0, 0, 0, 0, 0]
    assert [status for _out, status in mine] == [0] * 9
    wrong = {"twice": 1, "numbers": 0, "bad": 0, "files": 1, "prefix": 2}
    assert counts(theirs[6][0]) == wrong
    assert counts(mine[6][0]) == wrong | {"twice": 2, "numbers": 1, "bad": 2}
    assert results(theirs[7][0])[0]["content"] == "KÃ¤se"
    assert results(mine[7][0])[0]["content"] == "Käse"
    assert len(results(theirs[8][0])) == 2
    assert [row["id"] for row in results(mine[8][0])] == ["a_b"]


def test_words_that_are_no_command_are_refused(ours, capsysbinary):
    assert ours(["chat"]) == [(b"", 2)]
