"""Messages with attachments, mailboxes and archives within a source are taken apart."""

import shutil

import pytest

from collections_app import ingest, services, sources
from collections_app.models import SourceItem
from collections_app.sources import chunks, listing
from collections_app.sources.items import Failed
from collections_app.sources.kinds import folder
from tests.collections_app.test_attachments import mail
from tests.collections_app.test_containers import zipped
from tests.collections_app.test_sources_git import git
from tests.collections_app.test_sources_runs import Killed, counts, expire, ids, problems, run
from tests.collections_app.web_server import WebServer, page
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db(transaction=True)

LETTER = mail("Plans", **{"plan.txt": b"The plan.", "map.txt": b"The map."})
WITH_FILES = ["letter.eml", "letter.eml/map.txt", "letter.eml/plan.txt"]


@pytest.fixture
def root(tmp_path, settings):
    settings.SOURCE_ROOTS = [str(tmp_path)]
    place = tmp_path / "notes"
    place.mkdir()
    return place


@pytest.fixture
def collection():
    return CollectionFactory()


@pytest.fixture
def source(root, collection):
    return services.create_source(collection, "folder", "Notes", {"path": str(root)})


def mailbox(*messages):
    """The messages, as mail programs keep them in one file."""
    head = b"From a@a.example Mon Nov 30 10:00:00 2026\n"
    return b"".join(head + one.as_bytes() + b"\n\n" for one in messages)


def test_attachments_come_with_their_message_and_cost_nothing_again(root, source, collection):
    (root / "letter.eml").write_bytes(LETTER.as_bytes())
    (root / "note.md").write_text("A note.")
    assert counts(run(source)) == ("done", 4, 0, 0, 0, 0, 0)
    assert ids(collection) == [*WITH_FILES, "note.md"]
    assert counts(run(source)) == ("done", 0, 0, 4, 0, 0, 0)
    ingest.run()
    texts = dict(collection.documents.values_list("external_id", "text"))
    assert (texts["letter.eml/plan.txt"], texts["letter.eml"]) == ("The plan.", "We leave at noon.")


def test_unchanged_message_is_not_even_read(root, source, monkeypatch):
    (root / "letter.eml").write_bytes(LETTER.as_bytes())
    run(source)
    monkeypatch.setattr(folder, "_content", None)
    assert counts(run(source)) == ("done", 0, 0, 3, 0, 0, 0)


def test_attachment_follows_its_message(root, source, collection):
    place = root / "letter.eml"
    place.write_bytes(LETTER.as_bytes())
    run(source)
    place.write_bytes(mail("Plans", **{"plan.txt": b"A new plan."}).as_bytes())
    assert counts(run(source)) == ("done", 0, 2, 0, 1, 0, 0)  # the map is gone
    assert ids(collection) == ["letter.eml", "letter.eml/plan.txt"]
    place.write_bytes(mail("Plans").as_bytes())
    assert counts(run(source)) == ("done", 0, 1, 0, 1, 0, 0)
    assert ids(collection) == ["letter.eml"]
    assert not SourceItem.objects.exclude(within="")
    place.unlink()
    assert counts(run(source)) == ("done", 0, 0, 0, 1, 0, 0)


def test_message_that_goes_takes_its_attachments_along(root, source, collection):
    (root / "letter.eml").write_bytes(LETTER.as_bytes())
    for n in range(4):
        (root / f"{n}.md").write_text(f"Note {n}.")
    run(source)
    (root / "letter.eml").unlink()
    assert counts(run(source)) == ("done", 0, 0, 4, 3, 0, 0)
    assert ids(collection) == ["0.md", "1.md", "2.md", "3.md"]


@pytest.mark.parametrize("lost", WITH_FILES)
def test_document_that_someone_deleted_comes_back(root, source, collection, lost):
    (root / "letter.eml").write_bytes(LETTER.as_bytes())
    run(source)
    services.delete_documents(collection.documents.filter(external_id=lost))
    assert counts(run(source)) == ("done", 1, 0, 2, 0, 0, 0)
    assert ids(collection) == WITH_FILES


def test_mailbox_and_archive_are_taken_apart_and_are_no_documents(root, source, collection):
    (root / "in.mbox").write_bytes(mailbox(LETTER, mail("Second")))
    (root / "more.zip").write_bytes(zipped({"a/x.md": "X.", "letter.eml": LETTER.as_bytes()}))
    wanted = [
        "in.mbox/0001 Plans.eml",
        "in.mbox/0001 Plans.eml/map.txt",
        "in.mbox/0001 Plans.eml/plan.txt",
        "in.mbox/0002 Second.eml",
        "more.zip/a/x.md",
        *(f"more.zip/{one}" for one in WITH_FILES),
    ]
    assert counts(run(source)) == ("done", 8, 0, 0, 0, 0, 0)
    assert ids(collection) == wanted
    assert counts(run(source)) == ("done", 0, 0, 8, 0, 0, 0)


def test_archive_that_is_damaged_keeps_what_came_of_it(root, source, collection):
    place = root / "more.zip"
    whole = zipped({f"{n}.md": f"Note {n}." for n in range(9)})
    place.write_bytes(whole)
    run(source)
    place.write_bytes(whole[:-30])
    second = run(source)
    assert counts(second) == ("done", 0, 0, 0, 0, 0, 1)
    assert problems(second)[0][2].startswith("The ZIP archive is damaged")
    assert len(ids(collection)) == 9
    place.write_bytes(zipped({"0.md": "Note 0.", "1.md": "Another."}))
    third = run(source)
    assert (third.state, third.unchanged, third.changed) == ("asking", 1, 1)


def test_message_that_cannot_be_had_keeps_its_attachments(root, source, collection, monkeypatch):
    (root / "letter.eml").write_bytes(LETTER.as_bytes())
    run(source)
    (root / "letter.eml").touch()

    def fails(root, name):
        raise Failed("Not now.")

    with monkeypatch.context() as broken:
        broken.setattr(folder, "_content", fails)
        assert counts(run(source)) == ("done", 0, 0, 0, 0, 0, 1)
    assert ids(collection) == WITH_FILES
    assert counts(run(source)) == ("done", 0, 0, 3, 0, 0, 0)
    assert counts(run(source)) == ("done", 0, 0, 3, 0, 0, 0)


def test_file_in_an_archive_that_may_not_come_is_told_by_name(root, source):
    (root / "more.zip").write_bytes(zipped({"good.md": "Good.", "empty.md": ""}))
    first = run(source)
    assert counts(first) == ("done", 1, 0, 0, 0, 0, 1)
    reason = "The file is empty: it has 0 bytes."
    assert problems(first) == [("more.zip/empty.md", "failed", reason)]
    second = run(source)
    assert counts(second)[3:] == (1, 0, 0, 1)  # asked anew, the good one unchanged


def test_large_archive_is_committed_in_parts_and_goes_on_after_its_worker_died(
    root, source, collection, monkeypatch
):
    monkeypatch.setattr(chunks, "ITEMS", 5)
    monkeypatch.setattr(listing, "LOOK_AHEAD", 5)
    files = {f"{n:02}.md": f"Note {n}." for n in range(23)}
    (root / "more.zip").write_bytes(zipped(files))
    seen, real = [], chunks.Chunk.content

    def content(self, external_id, *more):
        seen.append(external_id)
        if len(seen) == 13:
            raise Killed
        return real(self, external_id, *more)

    monkeypatch.setattr(chunks.Chunk, "content", content)
    made = services.request_run(source)
    with pytest.raises(Killed):
        sources.work(60, lambda: None)
    assert collection.documents.count() == 10
    expire(made)
    sources.work(60, lambda: None)
    made.refresh_from_db()
    assert counts(made) == ("done", 23, 0, 0, 0, 0, 0)
    assert counts(run(source)) == ("done", 0, 0, 23, 0, 0, 0)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_attachments_in_a_repository(root, collection):
    git(root, "init", "-q", "-b", "main")
    (root / "letter.eml").write_bytes(LETTER.as_bytes())
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Mail")
    source = services.create_source(collection, "git", "Mail", {"url": str(root)})
    assert counts(run(source)) == ("done", 3, 0, 0, 0, 0, 0)
    assert ids(collection) == WITH_FILES
    assert counts(run(source)) == ("done", 0, 0, 3, 0, 0, 0)


def test_attachments_of_a_message_on_the_web(collection, settings):
    with WebServer() as server:
        settings.FETCH_ALLOWED_NETWORKS = ["127.0.0.1/32"]
        settings.FETCH_ALLOWED_PORTS = [server.port]
        settings.FETCH_DELAY_SECONDS = 0
        server.pages["/letter.eml"] = page(LETTER.as_bytes(), "message/rfc822")
        url = f"{server.url}/letter.eml"
        source = services.create_source(collection, "url", "Letter", {"url": url})
        assert counts(run(source)) == ("done", 3, 0, 0, 0, 0, 0)
        assert ids(collection) == [url, f"{url}/map.txt", f"{url}/plan.txt"]
        assert counts(run(source)) == ("done", 0, 0, 3, 0, 0, 0)
    metadata = collection.documents.get(external_id=url).metadata
    assert metadata["url"] == url
