"""`--no-store`: vectors without their texts."""

import hashlib
import io
import json

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.serializers import serialize

from collections_app.models import (
    Blob,
    Collection,
    Document,
    ImportedRow,
    Passage,
    PostingList,
    Vector,
)
from collections_app.pipeline import embeddings_db
from tests.factories import EmbeddingModelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fake_default(media):
    EmbeddingModelFactory(is_default=True)


def run(*words):
    out = io.StringIO()
    call_command(*map(str, words), stdout=out)
    return out.getvalue()


def everything():
    """All that is stored of content: in tables and in files."""
    tables = (Document, Passage, PostingList, Blob, ImportedRow)
    rows = "".join(serialize("json", table.objects.all()) for table in tables)
    files = [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    return rows + "".join(path.read_text() for path in files)


def test_text_is_nowhere_and_is_found_by_meaning(tmp_path):
    (tmp_path / "a.md").write_text("# Zanzibar\n\nZanzibar has a harbour.")
    (tmp_path / "b.md").write_text("Mountains.")
    (tmp_path / "rows.csv").write_text("id,text\nrow,Zanzibar again\n")
    run("embed_multi", "n", "--files", tmp_path, "a.md", "--no-store", "--metadata", '{"k": 1}')
    run("embed_multi", "n", tmp_path / "rows.csv", "--no-store")
    run("embed", "n", "one", "-c", "Zanzibar at night", "--no-store")
    assert "zanzibar" not in everything().lower()
    run("embed_multi", "n", "--files", tmp_path, "b.md")
    assert "Mountains." in everything()
    found = [json.loads(line) for line in run("similar", "n", "-c", "Zanzibar again").splitlines()]
    contents = {one["id"]: one["content"] for one in found}
    assert contents == {"row": None, "one": None, "a.md": None, "b.md": "Mountains."}
    assert found[0] == {
        "id": "row",
        "score": pytest.approx(1.0),
        "content": None,
        "metadata": None,
    }
    assert Vector.objects.count() == 4


def test_equal_content_is_known_again_and_other_content_embedded(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("id,text\na,First words\n")
    words = ["embed_multi", "n", rows, "--no-store"]
    assert run(*words).startswith("n: 1 added, 0 changed, 0 unchanged")
    assert run(*words).startswith("n: 0 added, 0 changed, 1 unchanged")
    rows.write_text("id,text\na,Other words\n")
    assert run(*words).startswith("n: 0 added, 1 changed, 0 unchanged")
    assert Collection.objects.get().documents.get().text == ""


def test_export_has_the_hash_in_place_of_the_text(tmp_path):
    run("embed", "n", "a", "-c", "Words", "--no-store", "--metadata", '{"k": [1]}')
    run("export_llm_db", tmp_path / "a.db")
    with embeddings_db.opened(tmp_path / "a.db") as file:
        [row] = file.rows(1)
    assert (row.content, row.content_blob) == (None, None)
    assert row.content_hash == hashlib.md5(b"Words").digest()
    assert row.metadata == '{"k": [1]}'


@pytest.mark.parametrize(
    "words",
    [
        ["embed", "n", "a", "-c", "x", "--store", "--no-store"],
        ["embed_multi", "n", "rows.csv", "--store", "--no-store"],
        ["embed_multi", "n", "rows.csv", "--no-wait", "--no-store"],
    ],
)
def test_contradictions_are_refused(words):
    with pytest.raises(CommandError) as raised:
        run(*words)
    assert raised.value.returncode == 2
