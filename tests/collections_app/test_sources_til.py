"""The same notes by a folder, an archive, a table and the API come to equal documents."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from collections_app import ingest, services, sources, storage
from collections_app.services import Incoming
from tests.factories import CollectionFactory

NOTES = Path(__file__).resolve().parents[3] / "shared" / "data" / "til"
COUNT = 60

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not NOTES.is_dir(), reason=f"{NOTES} is not there"),
]


@pytest.fixture(scope="module")
def notes():
    """`{path: text}` of some of the notes."""
    paths = sorted(NOTES.rglob("*.md"))[: COUNT * 8 : 8]
    found = {path.relative_to(NOTES).as_posix(): path.read_text("utf-8") for path in paths}
    assert len(found) == COUNT
    return found


def outcome(collection):
    """Documents and passages, without what must differ: their keys and times."""
    ingest.run()
    fields = ("external_id", "title", "text", "metadata", "media_type", "state", "token_count")
    documents = list(collection.documents.order_by("external_id").values(*fields))
    parts = ("ordinal", "heading", "text", "start", "end", "content_hash", "place")
    passages = [
        list(document.passages.order_by("ordinal").values(*parts))
        for document in collection.documents.order_by("external_id")
    ]
    return documents, passages


def by_run(kind, options, blob=None):
    collection = CollectionFactory()
    made = services.request_run(
        services.create_source(collection, kind, "Notes", options, blob=blob)
    )
    sources.work(120, lambda: None)
    made.refresh_from_db()
    assert (made.state, made.added, made.failed) == ("done", COUNT, 0)
    return outcome(collection)


@pytest.fixture
def by_api(notes):
    collection = CollectionFactory()
    items = [Incoming(key, body=text, media_type="text/markdown") for key, text in notes.items()]
    assert services.add_documents(collection, items).problems == []
    return outcome(collection)


def test_folder_gives_what_the_api_gives(notes, by_api, tmp_path, settings):
    settings.SOURCE_ROOTS = [str(tmp_path)]
    for key, text in notes.items():
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert by_run("folder", {"path": str(tmp_path)}) == by_api


def test_archive_gives_what_the_api_gives(notes, by_api):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, text in notes.items():
            archive.writestr(key, text)
    blob = storage.store(io.BytesIO(data.getvalue()), 50_000_000)
    assert by_run("file", {"name": "til.zip"}, blob) == by_api


def test_table_gives_what_the_api_gives(notes, by_api):
    lines = [json.dumps({"id": key, "text": text}) for key, text in notes.items()]
    blob = storage.store(io.BytesIO("\n".join(lines).encode()), 50_000_000)
    options = {"name": "til.ndjson", "media_type": "text/markdown"}
    assert by_run("file", options, blob) == by_api
