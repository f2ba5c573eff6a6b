"""The same notes by a folder, an archive, a table and the API come to equal documents.

Each way is the one that a program takes from outside: requests over HTTP, a worker's run.
All 578 notes: EMBEDSITE_NOTES=578 pytest tests/collections_app/test_sources_til.py
"""

import io
import json
import os
import urllib.request
import uuid
import zipfile
from pathlib import Path

import pytest

from collections_app import ingest, services, sources
from collections_app.models import Run
from tests.factories import CollectionFactory

NOTES = Path(__file__).resolve().parents[3] / "shared" / "data" / "til"
COUNT = int(os.environ.get("EMBEDSITE_NOTES", 60))  # 578 are all

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not NOTES.is_dir(), reason=f"{NOTES} is not there"),
]


@pytest.fixture(scope="module")
def notes():
    """`{path: text}` of the first notes, or of all."""
    found = {
        path.relative_to(NOTES).as_posix(): path.read_text("utf-8")
        for path in sorted(NOTES.rglob("*.md"))[:COUNT]
    }
    assert len(found) == COUNT
    return found


class Sender:
    """A program with a token of the collection's owner."""

    def __init__(self, collection, address):
        _token, key = services.create_token(collection.owner, "notes", "write")
        self._headers = {"Authorization": f"Bearer {key}"}
        self._address = f"{address}/api"

    def post(self, path, body, kind="application/json"):
        """The answer to a request with these bytes, or with this object as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self._headers | {"Content-Type": kind}
        wanted = urllib.request.Request(self._address + path, data, headers)
        with urllib.request.urlopen(wanted) as answer:
            return json.load(answer)

    def send_file(self, path, field, name, data):
        """The answer to the form that has this one file in it."""
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        body = f"{head}\r\n".encode() + data + f"\r\n--{mark}--\r\n".encode()
        return self.post(path, body, f"multipart/form-data; boundary={mark}")


def by_api(send, collection, notes, _folder):
    items = [
        {"id": key, "text": text, "media_type": "text/markdown"} for key, text in notes.items()
    ]
    answer = send.post(f"/collections/{collection.pk}/documents/", items)
    assert (len(answer["added"]), answer["problems"]) == (COUNT, [])


def by_folder(send, collection, notes, folder):
    for key, text in notes.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    wanted = {"kind": "folder", "name": "Notes", "options": {"path": str(folder)}}
    source = send.post(f"/collections/{collection.pk}/sources/", wanted)
    return send.post(f"/sources/{source['id']}/run/", {})["id"]


def by_archive(send, collection, notes, _folder):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, text in notes.items():
            archive.writestr(key, text)
    place = f"/collections/{collection.pk}/documents/"
    return send.send_file(place, "files", "til.zip", data.getvalue())["runs"][0]


def by_table(send, collection, notes, _folder):
    lines = [json.dumps({"id": key, "text": text}) for key, text in notes.items()]
    place = f"/collections/{collection.pk}/rows/"
    seen = send.send_file(place, "file", "til.ndjson", "\n".join(lines).encode())
    wanted = {"plan": seen["plan"], "format": seen["format"], "media_type": "text/markdown"}
    return send.post(f"/uploads/{seen['upload']}/rows/", wanted)["id"]


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


def test_four_ways_come_to_equal_documents(notes, live_server, tmp_path, settings, media):
    settings.SOURCE_ROOTS = [str(tmp_path)]
    folder = tmp_path / "notes"
    found = {}
    for way in (by_api, by_folder, by_archive, by_table):
        collection = CollectionFactory()
        run = way(Sender(collection, live_server.url), collection, notes, folder)
        sources.work(120, lambda: None)
        if run is not None:
            done = Run.objects.get(pk=run)
            assert (done.state, done.added, done.skipped, done.failed) == ("done", COUNT, 0, 0)
        found[way.__name__] = outcome(collection)
    documents, passages = found.pop("by_api")
    assert [one["external_id"] for one in documents] == sorted(notes)
    assert {one["state"] for one in documents} == {"ready"}
    assert all(passages)
    for way, other in found.items():
        assert other == (documents, passages), way
