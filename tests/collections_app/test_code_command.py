"""The command `embed_code`, and the filters beside those of the reference tool."""

import io
import json
import sysconfig
from pathlib import Path, PurePosixPath

import pytest
from click.testing import CliRunner
from django.core.management import CommandError, call_command
from symbex.cli import cli as symbex

from collections_app.models import Collection
from collections_app.pipeline.code.choosing import Wanted
from collections_app.pipeline.code.reading import parse
from collections_app.services.code import import_ids
from tests.factories import EmbeddingModelFactory

TOOLS = '''\
class Box:
    """Holds."""

    def __init__(self, size: int):
        self.size = size

    @property
    def width(self) -> int:
        return 1

    @width.setter
    def width(self, value):
        pass


async def later(a: int, b) -> None:
    """Waits."""


def _hidden():
    pass
'''


@pytest.fixture(autouse=True)
def fake_default(db):
    EmbeddingModelFactory(is_default=True)


@pytest.fixture
def code(tmp_path):
    """A package of two files, one with an error, and what is not ours."""
    root = tmp_path / "code"
    (root / "pkg" / "node_modules").mkdir(parents=True)
    (root / "pkg" / "tools.py").write_text(TOOLS)
    (root / "pkg" / "__init__.py").write_text("def start(): pass\n")
    (root / "pkg" / "empty.py").write_text("\n")
    (root / "pkg" / "bad.py").write_text("x = 1\ndef f(:\n")
    (root / "pkg" / "a.js").write_text("function double(x) { return 2 * x; }\n")
    (root / "pkg" / "node_modules" / "theirs.js").write_text("function no() {}\n")
    (root / "notes.txt").write_text("def no(): pass")
    return root


def run(*words):
    """(standard output, standard error) of the command."""
    out, err = io.StringIO(), io.StringIO()
    call_command("embed_code", *map(str, words), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def names(*words):
    run("code", "--dir", *words)
    return {
        row["path"] + " " + row["name"]
        for row in Collection.objects.get().documents.values_list("metadata", flat=True)
    }


def ids():
    return set(Collection.objects.get().documents.values_list("external_id", flat=True))


def test_symbols_go_in_and_bad_files_are_told(code):
    out, err = run("code", "--dir", code)
    assert out == "code: 8 added, 0 changed, 0 unchanged, 0 removed, 1 failed.\n"
    assert "pkg/bad.py: Line 2: invalid syntax." in err
    assert ids() == {
        "pkg/__init__.py:1",
        "pkg/a.js:1",
        *(f"pkg/tools.py:{line}" for line in (1, 4, 7, 11, 16, 20)),
    }
    states = Collection.objects.get().documents.values_list("state", flat=True)
    assert set(states) == {"ready"}


def test_ids_can_be_import_lines(code):
    run("code", "--dir", code, "**/*.py", "--ids", "import", "--prefix", "til: ")
    assert ids() == {
        "til: from pkg import start",
        "til: from pkg.tools import Box",
        "til: from pkg.tools import Box  # Box.__init__",
        "til: from pkg.tools import Box  # Box.width",
        "til: from pkg.tools import Box  # Box.width, line 11",
        "til: from pkg.tools import later",
        "til: from pkg.tools import _hidden",
    }


def test_import_line_of_a_file_at_the_top():
    symbols = parse(b"def f(): pass\n", "python")
    assert import_ids(PurePosixPath("one.py"), symbols) == ["one", "from one import f"]
    assert import_ids(PurePosixPath("__init__.py"), symbols)[1] == "from __init__ import f"


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--kind", "class"], {"Box"}),
        (["--kind", "method"], {"Box.__init__", "Box.width"}),
        (["--kind", "method", "--no-init"], {"Box.width"}),
        (["--kind", "function", "--kind", "class"], {"Box", "later", "_hidden"}),
        (["--async"], {"later"}),
        (["--unasync"], {"Box.__init__", "Box.width", "_hidden"}),
        (["--documented"], {"Box", "later"}),
        (["--undocumented"], {"Box.__init__", "Box.width", "_hidden"}),
        (["--typed"], {"Box.__init__", "Box.width", "later"}),
        (["--untyped"], {"Box.width", "_hidden"}),
        (["--partially-typed"], {"later"}),
        (["--fully-typed"], {"Box.__init__", "Box.width"}),
        (["--private"], {"_hidden"}),
        (["--dunder"], {"Box.__init__"}),
        (["--public", "--kind", "method"], {"Box.__init__", "Box.width"}),
        (["--async", "--documented", "--public"], {"later"}),
    ],
)
def test_filters(code, options, found):
    assert names(code, "pkg/tools.py", *options) == {f"pkg/tools.py {name}" for name in found}


def test_methods_may_stay_in_their_class(code):
    run("code", "--dir", code, "pkg/tools.py", "--no-methods")
    documents = {one.external_id: one for one in Collection.objects.get().documents.all()}
    assert set(documents) == {f"pkg/tools.py:{line}" for line in (1, 16, 20)}
    assert documents["pkg/tools.py:1"].text == TOOLS.partition("\n\n\nasync")[0]
    assert documents["pkg/tools.py:1"].metadata["lines"] == "1-13"


def test_second_run_follows_the_files_and_leaves_others(code):
    run("code", "--dir", code)
    (code / "pkg" / "tools.py").write_text("def _hidden():\n    pass\n")
    (code / "pkg" / "__init__.py").write_text("def (\n")
    out, _err = run("code", "--dir", code)
    assert out == "code: 0 added, 1 changed, 1 unchanged, 5 removed, 2 failed.\n"
    assert ids() == {"pkg/__init__.py:1", "pkg/a.js:1", "pkg/tools.py:1"}
    run("code", "--dir", code, "pkg/a.js", "--prefix", "other/")
    assert ids() == {"pkg/__init__.py:1", "pkg/a.js:1", "pkg/tools.py:1", "other/pkg/a.js:1"}


def test_folder_can_be_left_out_and_the_worker_can_have_the_rest(code):
    (code / "old").mkdir()
    (code / "old" / "a.py").write_text("def f(): pass")
    run("code", "--dir", code, "--exclude", code / "pkg", "--no-wait")
    assert ids() == {"old/a.py:1"}
    assert Collection.objects.get().documents.get().state == "queued"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dir", "/nowhere"], "/nowhere is not a folder."),
        (["--dir", "{code}", "*.go"], "No source file matches."),
        (["--dir", "{code}", "a.py", "b.py"], "--dir takes a folder and one pattern"),
        (["--dir", "{code}", "/etc/*"], "'/etc/*' is not a pattern"),
        (["--dir", "{code}", "*.txt"], "Nothing went in."),
        (["--dir", "{code}", "--batch-size", "0"], "--batch-size must be 1 or more."),
        (["--dir", "{code}", "--async", "--unasync"], "Error: argument --unasync: not allowed"),
    ],
)
def test_bad_command_lines_are_refused_in_words(code, words, message):
    with pytest.raises(CommandError) as raised:
        run("code", *(word.format(code=code) for word in words))
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--async"], Wanted(is_async=True)),
        (["--documented"], Wanted(documented=True)),
        (["--undocumented"], Wanted(documented=False)),
        (["--public"], Wanted(access="public")),
        (["--private"], Wanted(access="private")),
        (["--dunder"], Wanted(access="dunder")),
        (["--class"], Wanted(kinds=frozenset({"class"}))),
        (["--function"], Wanted(kinds=frozenset({"function", "method"}))),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_filters_take_what_the_reference_takes(options, wanted):
    """On a file of the standard library; ours find what stands in functions and branches too."""
    path = Path(sysconfig.get_path("stdlib")) / "asyncio" / "base_events.py"
    words = [*options, "-f", str(path), "--nl", "*", "*.*"]
    theirs = CliRunner().invoke(symbex, words).stdout.splitlines()
    lines = {json.loads(line)["id"].rpartition(":")[2] for line in theirs}
    symbols = parse(path.read_bytes(), "python")
    types = {one.name for one in symbols if one.is_type}
    ours = {
        str(one.line)
        for one in symbols
        if wanted.takes(one)
        and (one.name.rpartition(".")[0] in types or not one.source.startswith(" "))
    }
    assert lines == ours
    assert len(lines) > 2
