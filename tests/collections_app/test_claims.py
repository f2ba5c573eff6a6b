"""Claims, leases and tokens, on connections that really compete."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from collections_app import ingest, services
from collections_app.ingest import claim as module
from collections_app.ingest.claim import claim
from collections_app.ingest.states import set_aside
from collections_app.models import Document, Passage, Vector
from collections_app.services import Incoming, add_documents
from embedsite.servers.processes import wait_until
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def collection():
    return CollectionFactory()


def queue(collection, count):
    items = [Incoming(f"d{n}", body=f"Note {n} of many.") for n in range(count)]
    return add_documents(collection, items).added


def in_threads(count, work):
    """Run `work` in this many threads at once; their results, unordered."""
    results, barrier = [], threading.Barrier(count)

    def run():
        try:
            barrier.wait(60)
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return results


def expire_leases():
    Document.objects.exclude(lease_until=None).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def test_claim_marks_the_oldest_documents(collection, settings):
    settings.LEASE_SECONDS = 1000
    ids = queue(collection, 5)
    documents = claim(3)
    token = documents[0].claim_token
    assert [document.pk for document in documents] == ids[:3]
    for document in documents:
        left = (document.lease_until - timezone.now()).total_seconds()
        assert (document.attempts, document.claim_token, 900 < left <= 1001) == (1, token, True)


def test_competing_claims_never_share_a_document(collection):
    ids = queue(collection, 40)
    claims = in_threads(4, lambda: [document.pk for document in claim(10)])
    assert sorted(pk for one in claims for pk in one) == ids


def test_claim_passes_over_rows_that_another_holds_locked(collection):
    first, second = queue(collection, 2)
    with transaction.atomic():
        Document.objects.select_for_update().get(pk=first)
        assert in_threads(1, lambda: [one.pk for one in claim(10)]) == [[second]]


def test_held_documents_cannot_be_claimed_until_the_lease_ends(collection):
    [pk] = queue(collection, 1)
    [first] = claim(10)
    assert claim(10) == []
    expire_leases()
    [second] = claim(10)
    assert (second.pk, second.attempts) == (pk, 2)
    assert first.claim_token != second.claim_token


def test_documents_tried_before_come_after_the_new_ones_and_alone(collection):
    ids = queue(collection, 4)
    claim(2)
    expire_leases()
    assert [[one.pk for one in claim(10)] for _ in range(3)] == [ids[2:], ids[:1], ids[1:2]]


def test_commit_after_a_lost_lease_is_refused(collection, encoder):
    [pk] = queue(collection, 1)

    def lose():
        encoder.meanwhile = lambda: None
        expire_leases()
        assert ingest.run(go_on=lambda: False) == 1
        assert Document.objects.get(pk=pk).state == "ready"

    encoder.meanwhile = lose
    ingest.run(go_on=lambda: False)
    assert Passage.objects.count() == Vector.objects.count() == 1
    assert Document.objects.get(pk=pk).state == "ready"


def test_worker_that_was_halted_encodes_nothing_that_others_have_taken(
    collection, encoder, monkeypatch
):
    monkeypatch.setattr(module, "FEW", 3)
    monkeypatch.setattr(module, "SHORT_BYTES", 0)
    ids = queue(collection, 5)
    now = module._now

    def halt():
        encoder.meanwhile = lambda: None
        read_ahead = Document.objects.exclude(claim_token=None)
        assert wait_until(lambda: read_ahead.count() == 5, 60)
        expire_leases()
        assert [claim(1)[0].pk for _ in range(2)] == ids[:2]
        assert claim(1)[0].pk == ids[2]
        assert claim(1)[0].pk == ids[3]  # it is at it, and has committed nothing
        monkeypatch.setattr(module, "_now", lambda: now() + 1000)

    encoder.meanwhile = halt
    ingest.run(go_on=iter([True, False]).__next__)
    assert sorted(text[:6] for text in encoder.texts) == ["Note 0", "Note 1", "Note 2", "Note 4"]
    assert Document.objects.get(state="ready").pk == ids[4]


def test_sweep_takes_documents_back_and_a_late_word_counts_for_nothing(collection):
    [pk] = queue(collection, 1)
    [document] = claim(1)
    expire_leases()
    assert ingest.sweep() is True
    set_aside(document, "embed", "too late")
    row = Document.objects.get(pk=pk)
    assert (row.state, row.claim_token, row.attempts) == ("queued", None, 1)


def test_claim_of_a_worker_that_is_gone_is_taken_back_before_its_lease_ends(collection):
    [gone, at_work] = queue(collection, 2)
    in_threads(1, lambda: claim(1))  # its connection is closed with the thread
    assert [document.pk for document in claim(1)] == [at_work]
    assert Document.objects.exclude(claim_token=None).count() == 2
    assert ingest.sweep() is True
    assert [row.pk for row in Document.objects.filter(claim_token=None)] == [gone]


def test_document_that_kills_its_worker_each_time_is_set_aside(collection, settings):
    settings.MAX_ATTEMPTS = 3
    queue(collection, 1)
    for _ in range(3):
        assert len(claim(1)) == 1
        expire_leases()
    assert claim(1) == []
    assert ingest.sweep() is False
    document = Document.objects.get()
    assert (document.state, document.error_stage) == ("set_aside", "worker")
    assert document.error.startswith("The worker stopped 3 times")


def test_workers_side_by_side_embed_everything_once(collection, encoder):
    queue(collection, 100)
    in_threads(3, lambda: [ingest.run(8, go_on=lambda: False) for _ in range(10)])
    ingest.run()
    assert collection.documents.filter(state="ready").count() == 100
    assert Vector.objects.count() == Passage.objects.count() == 100
    assert len(encoder.texts) == len(set(encoder.texts)) == 100


def test_lease_is_extended_while_the_work_lasts(collection, encoder, settings):
    settings.LEASE_SECONDS = 1
    [pk] = queue(collection, 1)
    reads = []

    def until():
        return Document.objects.values_list("lease_until", flat=True).get(pk=pk)

    def linger():
        first = until()
        reads.append(wait_until(lambda: until() > first, 60))

    encoder.meanwhile = linger
    ingest.run(go_on=lambda: False)
    assert reads == [True]


def test_two_adders_of_the_same_id_make_one_document(collection):
    item = Incoming("a", body="Words.")
    results = in_threads(3, lambda: add_documents(collection, [item]))
    assert sorted(len(result.added) for result in results) == [0, 0, 1]
    assert sum(len(result.unchanged) for result in results) == 2


def test_collection_deleted_while_others_add_stays_deleted(collection):
    def add():
        try:
            return add_documents(collection, [Incoming(uuid.uuid4().hex, body="Words.")])
        except services.Rejected:
            return None

    def delete():
        services.delete_collection(collection)

    jobs = iter([add, add, delete])
    lock = threading.Lock()

    def next_job():
        with lock:
            job = next(jobs)
        return job()

    in_threads(3, next_job)
    assert Document.objects.count() == 0


def test_more_go_in_one_claim_where_they_are_short(collection, monkeypatch):
    monkeypatch.setattr("collections_app.ingest.claim.FEW", 2)
    monkeypatch.setattr("collections_app.ingest.claim.SHORT_BYTES", 30)
    texts = ("long " * 20, "long " * 20, "short", "short", "short")
    add_documents(collection, [Incoming(f"d{n}", body=text) for n, text in enumerate(texts)])
    assert [[len(one.body) for one in claim(10)] for _ in range(3)] == [[100, 100], [5, 5, 5], []]
