"""Runs over a folder: what comes in, what follows, and what happens when a worker dies."""

import os
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from collections_app import services, sources, storage, tasks
from collections_app.models import Document, Run, SourceItem
from collections_app.services import Incoming, Rejected
from collections_app.sources import chunks, listing, queue, removing, running
from collections_app.sources.kinds import folder
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db(transaction=True)


def woken() -> None:
    """The workers' wake-up call, which these tests do not need."""


@pytest.fixture
def root(tmp_path, settings):
    settings.SOURCE_ROOTS = [str(tmp_path)]
    place = tmp_path / "notes"
    place.mkdir()
    return place


@pytest.fixture
def collection():
    return CollectionFactory()


def write(root, count, words="Note"):
    for n in range(count):
        (root / f"n{n:02}.md").write_text(f"{words} number {n}.")


@pytest.fixture
def source(root, collection):
    return services.create_source(collection, "folder", "Notes", {"path": str(root)})


def run(source):
    """A run to its end, or as far as it comes; the run as it stands then."""
    made = services.request_run(source)
    sources.work(60, woken)
    made.refresh_from_db()
    return made


def counts(one):
    names = ("added", "changed", "unchanged", "removed", "skipped", "failed")
    return one.state, *(getattr(one, name) for name in names)


def ids(collection):
    return sorted(collection.documents.values_list("external_id", flat=True))


def problems(one):
    return list(one.problems.values_list("external_id", "outcome", "reason"))


def test_run_follows_what_was_added_changed_and_removed(root, source, collection):
    write(root, 6)
    assert counts(run(source)) == ("done", 6, 0, 0, 0, 0, 0)
    (root / "n00.md").write_text("Quite another note.")
    (root / "n01.md").unlink()
    (root / "deep").mkdir()
    (root / "deep" / "new.md").write_text("A new note.")
    second = run(source)
    assert counts(second) == ("done", 1, 1, 4, 1, 0, 0)
    assert ids(collection) == ["deep/new.md", "n00.md", "n02.md", "n03.md", "n04.md", "n05.md"]
    assert (second.total, second.claim_token, second.finished is None) == (6, None, False)


def test_unchanged_files_are_not_read(root, source, monkeypatch):
    write(root, 3)
    run(source)
    monkeypatch.setattr(folder, "_content", None)
    assert counts(run(source)) == ("done", 0, 0, 3, 0, 0, 0)


def test_document_that_someone_deleted_comes_back(root, source, collection):
    write(root, 2)
    run(source)
    services.delete_documents(collection.documents.filter(external_id="n01.md"))
    assert counts(run(source)) == ("done", 1, 0, 1, 0, 0, 0)


def test_bad_files_are_told_with_their_reasons_and_tried_again(root, source):
    write(root, 1)
    (root / "empty.md").write_text("")
    first = run(source)
    assert counts(first) == ("done", 1, 0, 0, 0, 0, 1)
    reason = "The file is empty: it has 0 bytes."
    assert problems(first) == [("empty.md", "failed", reason)]
    (root / "empty.md").write_text("Words at last.")
    services.retry_failed(source)
    sources.work(60, woken)
    assert counts(source.runs.first()) == ("done", 1, 0, 1, 0, 0, 0)


def test_links_and_hidden_files_are_left_alone(root, source, collection, tmp_path):
    write(root, 1)
    (tmp_path / "secret.md").write_text("Secret.")
    (root / "link.md").symlink_to(tmp_path / "secret.md")
    (root / "up").symlink_to(tmp_path)
    (root / ".hidden.md").write_text("Hidden.")
    os.mkfifo(root / "pipe.md")
    assert counts(run(source)) == ("done", 1, 0, 0, 0, 0, 0)
    assert ids(collection) == ["n00.md"]


def test_link_put_in_the_way_of_a_file_after_the_listing_is_refused(root, source, tmp_path):
    write(root, 2)
    (tmp_path / "secret.md").write_text("Secret.")
    made = services.request_run(source)
    claimed = queue.claim()
    chunk = chunks.Chunk(claimed, woken)
    context = running.context(claimed)
    items = list(folder.items(context))
    (root / "n01.md").unlink()
    (root / "n01.md").symlink_to(tmp_path / "secret.md")
    assert listing.Listing(claimed, chunk).see(items, lambda: True)
    [(name, outcome, _reason)] = problems(made)
    assert (name, outcome) == ("n01.md", "failed")
    assert Document.objects.get().external_id == "n00.md"


def test_run_that_would_remove_more_than_half_asks_first(root, source, collection):
    write(root, 8)
    run(source)
    for n in range(5):
        (root / f"n{n:02}.md").unlink()
    asking = run(source)
    assert counts(asking) == ("asking", 0, 0, 3, 0, 0, 0)
    assert (asking.cursor["gone"], len(ids(collection))) == (5, 8)
    with pytest.raises(Rejected, match="not at its end"):
        services.request_run(source)
    services.confirm_run(asking)
    sources.work(60, woken)
    asking.refresh_from_db()
    assert counts(asking) == ("done", 0, 0, 3, 5, 0, 0)
    assert ids(collection) == ["n05.md", "n06.md", "n07.md"]


def test_run_that_asked_and_was_cancelled_removes_nothing(root, source, collection):
    write(root, 8)
    run(source)
    for path in root.iterdir():
        path.unlink()
    asking = run(source)
    services.cancel_run(asking)
    sources.work(60, woken)
    assert (asking.state, len(ids(collection))) == ("cancelled", 8)
    with pytest.raises(Rejected, match="does not wait"):
        services.confirm_run(asking)


def test_few_may_go_without_a_question(root, source, collection):
    write(root, 3)
    run(source)
    for path in root.iterdir():
        path.unlink()
    assert counts(run(source)) == ("done", 0, 0, 0, 3, 0, 0)
    assert ids(collection) == []


def test_folder_that_is_gone_fails_the_run_and_removes_nothing(root, source, collection):
    write(root, 2)
    run(source)
    for path in root.iterdir():
        path.unlink()
    root.rmdir()
    failed = run(source)
    assert (failed.state, failed.error) == ("failed", f"{root} is not a folder on the server.")
    assert len(ids(collection)) == 2


def test_what_others_brought_stays(root, source, collection):
    services.add_documents(collection, [Incoming("mine", body="My own.")])
    write(root, 5)
    run(source)
    (root / "n00.md").unlink()
    run(source)
    assert ids(collection) == ["mine", "n01.md", "n02.md", "n03.md", "n04.md"]


def test_id_of_another_source_is_skipped(root, source, collection, tmp_path):
    write(root, 1)
    run(source)
    other = tmp_path / "other"
    other.mkdir()
    write(other, 2, "Other")
    second = services.create_source(collection, "folder", "Others", {"path": str(other)})
    done = run(second)
    assert counts(done) == ("done", 1, 0, 0, 0, 1, 0)
    message = (
        "The source “Notes” of this collection has a document of this id. "
        "To have both, put something before the ids here."
    )
    assert problems(done) == [("n00.md", "skipped", message)]


class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs after it."""


def kill_in_chunk(monkeypatch, number):
    """The worker dies in the middle of the transaction of its chunk with this number."""
    real, done = chunks.Chunk._write_items, []

    def dying(self):
        real(self)
        done.append(1)
        if len(done) == number:
            raise Killed

    monkeypatch.setattr(chunks.Chunk, "_write_items", dying)


def expire(one):
    Run.objects.filter(pk=one.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_run_goes_on_where_its_worker_died(root, source, collection, monkeypatch):
    write(root, 10)
    made = services.request_run(source)
    monkeypatch.setattr(chunks, "ITEMS", 3)
    kill_in_chunk(monkeypatch, 3)
    with pytest.raises(Killed):
        sources.work(60, woken)
    made.refresh_from_db()
    assert counts(made) == ("running", 6, 0, 0, 0, 0, 0)
    assert len(ids(collection)) == 6
    assert not sources.work(60, woken)  # it is still leased
    expire(made)
    read = []
    real = folder._content
    monkeypatch.setattr(folder, "_content", lambda *a: read.append(a[1]) or real(*a))
    sources.work(60, woken)
    made.refresh_from_db()
    assert counts(made) == ("done", 10, 0, 0, 0, 0, 0)
    assert read == [f"n{n:02}.md" for n in range(6, 10)]


def test_item_that_kills_its_worker_is_left_out(root, source, collection, monkeypatch):
    write(root, 5)
    made = services.request_run(source)
    real = folder._content

    def deadly(place, name):
        if name == "n02.md":
            raise Killed
        return real(place, name)

    monkeypatch.setattr(folder, "_content", deadly)
    for _n in range(2):
        with pytest.raises(Killed):
            sources.work(60, woken)
        expire(made)
    sources.work(60, woken)
    made.refresh_from_db()
    assert counts(made) == ("done", 4, 0, 0, 0, 0, 1)
    assert problems(made) == [("n02.md", "failed", "The worker stopped while it was at this item.")]


def test_run_whose_workers_always_die_is_given_up(source, settings):
    made = services.request_run(source)
    for _n in range(settings.MAX_ATTEMPTS):
        assert queue.claim().pk == made.pk
        expire(made)
    assert queue.claim() is None
    sources.sweep()
    made.refresh_from_db()
    assert (made.state, made.error.startswith("The worker stopped 3 times")) == ("failed", True)


def test_worker_that_lost_its_run_commits_nothing(root, source, collection):
    write(root, 3)
    made = services.request_run(source)
    stale = queue.claim()
    expire(made)
    fresh = queue.claim()
    assert fresh.claim_token != stale.claim_token
    running.execute(stale, woken)
    assert ids(collection) == []
    running.execute(fresh, woken)
    made.refresh_from_db()
    assert counts(made) == ("done", 3, 0, 0, 0, 0, 0)


def test_pause_stops_between_chunks_and_resume_goes_on(root, source, collection, monkeypatch):
    write(root, 9)
    made = services.request_run(source)
    monkeypatch.setattr(chunks, "ITEMS", 3)
    paused = []

    def wake():
        if not paused:
            paused.append(threading.Thread(target=pause_elsewhere))
            paused[0].start()

    def pause_elsewhere():
        try:
            services.pause_run(Run.objects.get(pk=made.pk))
        finally:
            connection.close()

    claimed = queue.claim()
    running.execute(claimed, wake, lambda: paused[0].join() is None)
    made.refresh_from_db()
    assert counts(made) == ("paused", 3, 0, 0, 0, 0, 0)
    assert not sources.work(5, woken)
    services.resume_run(made)
    sources.work(60, woken)
    made.refresh_from_db()
    assert counts(made) == ("done", 9, 0, 0, 0, 0, 0)


def test_slice_ends_between_chunks_and_costs_no_attempt(root, source, monkeypatch):
    write(root, 9)
    made = services.request_run(source)
    monkeypatch.setattr(chunks, "ITEMS", 3)
    for _n in range(2):
        running.execute(queue.claim(), woken, lambda: False)
    made.refresh_from_db()
    assert (counts(made), made.attempts) == (("running", 6, 0, 0, 0, 0, 0), 0)


def test_only_so_many_runs_are_at_work_at_once(root, source, collection, settings):
    other = services.create_source(collection, "folder", "Second", {"path": str(root)})
    services.request_run(source)
    services.request_run(other)
    assert queue.claim().source == source
    assert queue.claim() is None
    settings.SOURCE_RUNS = 2
    assert queue.claim().source == other


def test_due_source_is_queued_once_and_again_later(root, source):
    services.change_source(source, every_minutes=30)
    assert not sources.sweep()
    source.next_run = timezone.now() - timedelta(seconds=1)
    source.save()
    assert sources.sweep()
    assert sources.sweep()
    assert source.runs.count() == 1
    source.refresh_from_db()
    assert 29 < (source.next_run - timezone.now()).total_seconds() / 60 <= 30


def test_due_source_whose_run_is_open_gets_no_second_one(root, source):
    services.request_run(source)
    source.every_minutes, source.next_run = 30, timezone.now() - timedelta(seconds=1)
    source.save()
    sources.sweep()
    assert source.runs.count() == 1


def test_problems_are_kept_up_to_a_number_and_counted_beyond(root, source, monkeypatch):
    monkeypatch.setattr(chunks, "MOST_PROBLEMS", 3)
    monkeypatch.setattr(chunks, "ITEMS", 2)
    for n in range(5):
        (root / f"e{n}.md").write_text("")
    done = run(source)
    assert (counts(done), len(problems(done))) == (("done", 0, 0, 0, 0, 0, 5), 3)


def test_removing_goes_on_where_it_stopped(root, source, collection, monkeypatch):
    write(root, 12)
    run(source)
    for n in range(6):
        (root / f"n{n:02}.md").unlink()
    monkeypatch.setattr(removing, "CHUNK", 2)
    made = services.request_run(source)
    running.execute(queue.claim(), woken, lambda: False)
    made.refresh_from_db()
    assert counts(made) == ("running", 0, 0, 6, 2, 0, 0)
    sources.work(60, woken)
    made.refresh_from_db()
    assert counts(made) == ("done", 0, 0, 6, 6, 0, 0)
    assert SourceItem.objects.count() == 6


def test_deleted_source_takes_its_documents_along_or_leaves_them(root, source, collection):
    write(root, 3)
    run(source)
    services.add_documents(collection, [Incoming("mine", body="My own.")])
    assert services.delete_source(source, keep_documents=True) == 0
    assert len(ids(collection)) == 4
    again = services.create_source(collection, "folder", "Notes", {"path": str(root)})
    run(again)
    assert services.delete_source(again, keep_documents=False) == 3
    assert ids(collection) == ["mine"]


def test_file_of_a_source_stays_while_the_source_does(collection):
    from io import BytesIO

    blob = storage.store(BytesIO(b"id,text\n1,One row\n"), 1000)
    source = services.create_source(collection, "file", "Rows", {"name": "a.csv"}, blob=blob)
    assert storage.remove_unused([blob.sha256]) == 0
    services.delete_source(source, keep_documents=True)
    assert not storage.path_of(blob.sha256).exists()


def test_collection_that_is_deleted_takes_its_sources_along(root, source, collection):
    write(root, 3)
    run(source)
    services.request_run(source)
    services.delete_collection(collection)
    assert queue.claim() is None
    assert (Run.objects.count(), SourceItem.objects.count()) == (0, 0)


def test_sweep_calls_the_workers_for_what_is_due_and_they_run_it(
    root, source, collection, monkeypatch
):
    write(root, 2)
    called = []
    monkeypatch.setattr(tasks, "call", lambda task, *rest: called.append(task.name))
    source.every_minutes, source.next_run = 30, timezone.now() - timedelta(seconds=1)
    source.save()
    tasks.sweep()
    assert called == ["collections_app.tasks.run_sources"]
    tasks.run_sources()
    assert counts(source.runs.get()) == ("done", 2, 0, 0, 0, 0, 0)


def test_worker_that_finds_all_places_taken_does_not_call_itself_again(source, root, collection):
    other = services.create_source(collection, "folder", "Second", {"path": str(root)})
    services.request_run(source)
    services.request_run(other)
    queue.claim()
    assert not sources.work(5, woken)
    assert other.runs.get().state == "queued"
