"""The commands `embed`, `embed_multi`, `collections` and `embed_models`."""

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from collections_app import ingest, services
from collections_app.models import Collection, EmbeddingModel
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

HELLO = [-0.0344772, 0.0310232, 0.0067349, 0.0261089, -0.0393620]  # features, line 52


@pytest.fixture(autouse=True)
def fake_default():
    EmbeddingModelFactory(is_default=True)


@pytest.fixture
def notes(tmp_path, media):
    """A folder with three notes, one of them not text."""
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.md").write_text("# Harbour\n\nBoats.")
    (folder / "deep" / "b.md").write_text("Mountains.")
    (folder / "picture.md").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (folder / "other.txt").write_text("Not asked for.")
    return folder


def run(*words, **options):
    """(standard output, standard error) of a command."""
    out, err = io.StringIO(), io.StringIO()
    call_command(*words, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def refusal(*words):
    with pytest.raises(CommandError) as raised:
        run(*words)
    return str(raised.value)


def embed_multi(notes, *words):
    return run("embed_multi", "notes", "--files", str(notes), "**/*.md", *words)


def states():
    collection = Collection.objects.get(name="notes")
    return dict(collection.documents.values_list("external_id", "state"))


def test_vector_is_printed_in_every_format(capfdbinary):
    numbers = json.loads(run("embed", "-c", "Two words")[0])
    expected = np.array(numbers, "<f4").tobytes()
    assert len(numbers) == 256
    assert bytes.fromhex(run("embed", "-c", "Two words", "-f", "hex")[0].strip()) == expected
    coded = run("embed", "-c", "Two words", "-f", "base64")[0].strip()
    assert base64.b64decode(coded, validate=True) == expected
    run("embed", "-c", "Two words", "-f", "blob")
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == expected + b"\n"


def test_text_comes_from_a_file_or_standard_input(tmp_path, monkeypatch):
    wanted = run("embed", "-c", "Two words")
    file = tmp_path / "text.txt"
    file.write_text("Two words")
    assert run("embed", "-i", str(file)) == wanted
    for words in (["-i", "-"], []):
        monkeypatch.setattr(sys, "stdin", io.StringIO("Two words"))
        assert run("embed", *words) == wanted


def test_text_over_the_limit_is_cut_and_that_is_said():
    out, err = run("embed", "-c", "word " * 100)
    assert len(json.loads(out)) == 256
    assert err == "The text has 102 tokens; fake reads the first 64.\n"


def test_text_is_stored_under_an_id_of_a_new_collection():
    assert run("embed", "phrases", "one", "-c", "Words.", "--metadata", '{"n": 1}') == ("", "")
    collection = Collection.objects.get()
    document = collection.documents.get()
    assert (collection.name, collection.owner.username) == ("phrases", "admin")
    assert (document.external_id, document.text, document.state) == ("one", "Words.", "ready")
    assert document.metadata == {"n": 1}
    out, _err = run("embed", "phrases", "one", "-c", "Words.", "-f", "json", "--store")
    assert len(json.loads(out)) == 256
    assert collection.documents.count() == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-c", " "], "No content provided. Give a text with -c or -i."),
        (["-i", "/nowhere.txt"], "/nowhere.txt cannot be read: No such file or directory."),
        (["phrases", "-c", "a"], "Must provide both collection and id"),
        (["-c", "a", "--store"], "Must provide collection when using --store"),
        (
            ["a", "b", "-c", "a", "-d", "x.db"],
            "Collections are kept in the site's own database, not in a file. "
            "Bring this one in with: manage.py import_llm_db x.db",
        ),
        (["-c", "a", "-m", "x"], "There is no embedding model 'x'. See: manage.py embed_models."),
        (["x", "y", "-c", "a", "--owner", "z"], "There is no active user named 'z'."),
        (["x", "a\nb", "-c", "a"], "The id has control characters in it. Remove them."),
    ],
)
def test_bad_embed_is_refused_in_words(words, message):
    assert refusal("embed", *words) == message


def test_file_in_another_encoding_is_refused_in_words(tmp_path):
    file = tmp_path / "text.txt"
    file.write_bytes(b"caf\xe9")
    assert refusal("embed", "-i", str(file)).startswith(f"{file} is not UTF-8 text:")


def test_missing_model_is_told_in_words():
    EmbeddingModelFactory(name="lost", backend="sentence-transformers", ref="/nowhere/model")
    assert "/nowhere/model" in refusal("embed", "-c", "a", "-m", "lost")


def test_files_go_in_by_pattern_under_their_paths(notes):
    out, err = embed_multi(notes)
    assert out == "notes: 3 added, 0 changed, 0 unchanged, 1 failed.\n"
    [line] = [line for line in err.splitlines() if line.startswith("picture.md")]
    assert len(line) > len("picture.md: ")
    assert states() == {"a.md": "ready", "deep/b.md": "ready", "picture.md": "set_aside"}


def test_second_run_changes_nothing_and_an_edit_one(notes):
    embed_multi(notes)
    (notes / "picture.md").unlink()
    assert embed_multi(notes)[0] == "notes: 0 added, 0 changed, 2 unchanged, 0 failed.\n"
    (notes / "a.md").write_text("# Harbour\n\nShips.")
    assert embed_multi(notes)[0] == "notes: 0 added, 1 changed, 1 unchanged, 0 failed.\n"


def test_options_of_many(notes):
    words = ["--prefix", "til/", "--metadata", '{"from": "disk"}', "--visibility", "public"]
    embed_multi(notes, *words, "--batch-size", "1", "--files", str(notes), "*.txt")
    collection = Collection.objects.get()
    assert collection.visibility == "public"
    assert set(states()) == {"til/a.md", "til/deep/b.md", "til/picture.md", "til/other.txt"}
    assert collection.documents.get(external_id="til/a.md").metadata == {"from": "disk"}


def test_without_waiting_the_worker_has_the_rest(notes):
    embed_multi(notes, "--no-wait")
    assert set(states().values()) == {"queued"}
    ingest.run()
    assert states()["a.md"] == "ready"


def test_nothing_but_failures_is_an_error(notes):
    (notes / "empty.md").write_text("")
    words = ["embed_multi", "notes", "--files", str(notes)]
    assert refusal(*words, "empty.md") == "Nothing went in."
    assert refusal(*words, "*.rst") == "No file matches."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--files", "/nowhere", "*"], "/nowhere is not a folder."),
        (["--files", "/tmp", "/etc/*"], "'/etc/*' is not a pattern like '**/*.md': Non-relative"),
        (["--files", "/tmp", "*", "--batch-size", "0"], "--batch-size must be 1 or more."),
    ],
)
def test_bad_embed_multi_is_refused_in_words(words, message):
    assert refusal("embed_multi", "notes", *words).startswith(message)


def test_collection_keeps_its_model_and_visibility(notes):
    embed_multi(notes)
    EmbeddingModelFactory(name="other", dimension=8)
    files = ["embed_multi", "notes", "--files", str(notes), "a.md"]
    run(*files, "-m", "other")
    assert Collection.objects.get().embedding_model.name == "fake"
    vector = json.loads(run("embed", "notes", "x", "-c", "Text.", "-m", "other", "-f", "json")[0])
    assert len(vector) == 256
    message = "'notes' is private already. Change that on its page."
    assert refusal(*files, "--visibility", "public") == message


def test_collections_are_listed_as_the_reference_tool_does():
    user = services.operator()
    embedded(CollectionFactory(owner=user, name="one"), {"a": "A."})
    embedded(CollectionFactory(owner=user, name="two"), {"a": "A.", "b": "B."})
    CollectionFactory(name="theirs")
    assert run("collections", "list")[0] == (
        "one: fake\n  1 embedding\ntwo: fake\n  2 embeddings\n"
    )
    assert json.loads(run("collections", "list", "--json")[0]) == [
        {"name": "one", "model": "fake", "num_embeddings": 1},
        {"name": "two", "model": "fake", "num_embeddings": 2},
    ]


def test_collection_is_deleted_for_its_owner_alone():
    services.operator()
    theirs = CollectionFactory(name="theirs")
    message = "admin has no collection 'theirs'. See: manage.py collections list."
    assert refusal("collections", "delete", "theirs") == message
    assert refusal("collections", "delete").startswith("Missing argument")
    owner = theirs.owner.username
    done = run("collections", "delete", "theirs", "--owner", owner)
    assert done == ("", "Deleted theirs.\n")
    assert not Collection.objects.exists()


def test_inactive_administrator_is_told():
    UserFactory(username="admin", is_superuser=True, is_active=False)
    assert refusal("collections").startswith("There is no active administrator.")


def test_hello_world_embeds_as_the_reference_tool_does():
    EmbeddingModel.objects.all().delete()
    numbers = json.loads(run("embed", "-c", "Hello world")[0])
    assert len(numbers) == 384
    assert numbers[:5] == pytest.approx(HELLO, abs=5e-4)


@pytest.mark.django_db(transaction=True)
def test_commands_run_by_manage_py(tmp_path):
    """In a process of their own, on the database of this test run: clean output, no traceback."""
    database = django_settings.DATABASES["default"]
    environment = os.environ | {"COMMAND_TEST_DATABASE": database["NAME"]}
    start = (
        "import os, django; from django.conf import settings;"
        "settings.DATABASES['default']['NAME'] = os.environ['COMMAND_TEST_DATABASE'];"
        "from django.core.management import execute_from_command_line as run; import sys;"
        "run(['manage.py', *sys.argv[1:]])"
    )

    def command(*words, text=None):
        return subprocess.run(
            [sys.executable, "-c", start, *words],
            input=text,
            capture_output=True,
            text=True,
            env=environment,
            cwd=Path(__file__).resolve().parents[2],
        )

    done = command("embed", "-f", "hex", text="Two words")
    assert (done.returncode, len(done.stdout)) == (0, 256 * 8 + 1)
    failed = command("embed_multi", "notes", "--files", str(tmp_path), "*.md")
    assert failed.returncode == 1
    assert failed.stderr == "CommandError: No file matches.\n"
