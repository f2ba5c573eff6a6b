"""Stages with their times, pausing, cancelling, and why nothing goes on."""

from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from collections_app import ingest, services
from collections_app.ingest.claim import claim
from collections_app.models import Document
from collections_app.services import Incoming, add_documents
from collections_app.signals import embedding_stalled
from collections_app.stages import place_in_words, reached
from tests.factories import CollectionFactory, DocumentFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection():
    return CollectionFactory()


@pytest.fixture
def api(collection):
    client = APIClient()
    client.force_authenticate(collection.owner)
    return client


def queue(collection, *ids):
    return add_documents(collection, [Incoming(name, body=f"Note {name}.") for name in ids]).added


def states(collection):
    return list(collection.documents.values_list("state", flat=True))


def stalled(collection, **fields):
    old = timezone.now() - timedelta(minutes=6)
    DocumentFactory(collection=collection, state="queued", **fields)
    collection.documents.update(updated=old)
    return services.progress(collection)


def test_stages_of_a_ready_document_are_in_order(collection):
    [document] = embedded(collection, {"a": "Words."})
    names = ["received", "extracted", "split", "embedded", "indexed", "ready"]
    assert [name for name, _time in reached(document)] == names
    times = [time for _name, time in reached(document)]
    assert times[1:] == sorted(times[1:])


def test_stages_follow_the_clock_of_the_database(collection, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 0.0)
    [document] = embedded(collection, {"a": "Words."})
    for written in document.stages.values():
        assert abs(timezone.now() - datetime.fromisoformat(written)) < timedelta(minutes=1)


def test_set_aside_is_a_stage_until_the_document_is_ready(collection, encoder):
    encoder.scale = 0.0
    [pk] = queue(collection, "a")
    ingest.run()
    assert [name for name, _time in reached(Document.objects.get(pk=pk))] == [
        "received",
        "set aside",
    ]
    encoder.scale = 1.0
    services.retry(collection.documents.all())
    ingest.run()
    assert "set_aside" not in Document.objects.get(pk=pk).stages


def test_failure_names_the_passage_that_the_encoder_fails_on(collection, encoder):
    encoder.fails_on = "poison"
    words = " ".join(f"Sentence number {n} here." for n in range(60))
    items = [Incoming("a", body=f"{words} There is poison in this. {words}")]
    add_documents(collection, items)
    ingest.run(go_on=lambda: False)
    document = collection.documents.get()
    assert document.error_place == {"line": 1}
    assert (document.error, document.error_stage) == ("cannot take poison", "embed")


def test_failure_on_every_passage_blames_none(collection, encoder):
    encoder.fails_on = "Sentence"
    words = " ".join(f"Sentence number {n} here." for n in range(60))
    add_documents(collection, [Incoming("a", body=words)])
    ingest.run(go_on=lambda: False)
    assert collection.documents.get().error_place == {}


def test_place_in_words():
    assert place_in_words({"sheet": "Prices", "cell": "A5"}) == "Prices!A5"
    assert place_in_words({"sheet": "Prices", "cell": "A5", "to": "C9"}) == "Prices!A5:C9"
    assert place_in_words({"page": 1, "to": 2}) == "page 1–2"


def test_paused_collection_is_left_alone_until_it_is_resumed(collection):
    queue(collection, "a")
    services.pause(collection)
    assert (ingest.run(), ingest.sweep()) == (0, False)
    assert services.progress(collection).paused is True
    services.resume(collection)
    assert ingest.run() == 1
    assert states(collection) == ["ready"]


def test_cancel_sets_aside_what_waits_and_retry_undoes_it(collection):
    embedded(collection, {"a": "Words."})
    queue(collection, "b", "c")
    assert services.cancel(collection, "Ada") == 2
    failed = services.progress(collection).failures
    assert [(one.external_id, one.error_stage) for one in failed] == [
        ("b", "cancel"),
        ("c", "cancel"),
    ]
    assert failed[0].error == "The embedding was cancelled by Ada. Try again to go on."
    assert ingest.run() == 0
    assert services.retry(collection.documents.all()) == 2
    assert ingest.run() == 2
    assert states(collection) == ["ready"] * 3


@pytest.mark.django_db(transaction=True)
def test_cancel_refuses_the_commit_of_what_is_in_work(collection, encoder):
    queue(collection, "a")
    encoder.meanwhile = lambda: services.cancel(collection, "Ada")
    ingest.run(go_on=lambda: False)
    assert states(collection) == ["set_aside"]


@pytest.mark.parametrize(
    ("name", "paused", "queued"), [("pause", True, 1), ("resume", False, 1), ("cancel", False, 0)]
)
def test_api_pauses_resumes_and_cancels(api, collection, name, paused, queued):
    queue(collection, "a")
    answer = api.post(f"/api/collections/{collection.pk}/{name}/")
    assert answer.status_code == 200
    assert (answer.json()["paused"], answer.json()["queued"]) == (paused, queued)


@pytest.mark.parametrize("name", ["pause", "resume", "cancel"])
def test_only_the_owner_pauses_resumes_and_cancels(client, name):
    collection = CollectionFactory(public=True)
    client.force_login(UserFactory())
    assert client.post(reverse(f"collection_{name}", args=[collection.pk])).status_code == 404
    client.force_login(collection.owner)
    response = client.post(reverse(f"collection_{name}", args=[collection.pk]))
    assert response.url == collection.get_absolute_url()


def test_page_offers_to_pause_then_to_go_on(client, collection):
    queue(collection, "a")
    client.force_login(collection.owner)
    places = {
        name: reverse(f"collection_{name}", args=[collection.pk]) for name in ("pause", "resume")
    }
    page = client.get(collection.get_absolute_url()).text
    assert [places["pause"] in page, places["resume"] in page] == [True, False]
    client.post(places["pause"])
    page = client.get(collection.get_absolute_url()).text
    assert [places["pause"] in page, places["resume"] in page] == [False, True]


def test_documents_that_came_lately_are_no_stall(collection):
    queue(collection, "a")
    assert services.progress(collection).stall == ""


def test_paused_collection_does_not_count_as_stalled(collection):
    services.pause(collection)
    assert stalled(collection).stall == ""


@pytest.fixture
def parts(monkeypatch):
    """What Redis and the workers are said to be: both answer unless a test says otherwise."""
    away = set()

    def tell(sender, **_kwargs):
        return f"{away.pop()} is away" if away else ""

    monkeypatch.setattr(embedding_stalled, "receivers", [])
    monkeypatch.setattr(embedding_stalled, "sender_receivers_cache", {})
    embedding_stalled.connect(tell, weak=False)
    return away


def test_stall_tells_what_the_other_rooms_know(collection, parts):
    parts.add("Redis")
    assert stalled(collection).stall == "Redis is away"


def test_stall_tells_the_last_failure(collection, parts):
    assert stalled(collection, error="No such model.").stall == (
        "The last attempt failed: No such model."
    )


def test_stall_tells_that_a_worker_is_at_a_document(collection, parts):
    stalled(collection)
    assert len(claim(1)) == 1
    assert services.progress(collection).stall == (
        "A worker is at 1 document and has not finished it yet."
    )


def test_stall_tells_what_is_before_it_in_the_queue(collection, parts):
    queue(CollectionFactory(), "a", "b")
    assert stalled(collection).stall == (
        "2 documents of other collections are before them in the queue."
    )


def test_stall_without_a_known_cause_leads_to_the_log(collection, parts):
    assert stalled(collection).stall == (
        "The worker takes no documents. Its log may say why; start it again."
    )


def test_stall_shows_on_the_page_and_in_the_api(client, collection, api, parts):
    parts.update(["Redis"])
    stalled(collection)
    parts.update(["Redis"])
    client.force_login(collection.owner)
    assert "Nothing has changed for five minutes. Redis is away" in (
        client.get(collection.get_absolute_url()).text
    )
    parts.update(["Redis"])
    answer = api.get(f"/api/collections/{collection.pk}/progress/")
    assert answer.json()["stall"] == "Redis is away"


def test_document_page_and_api_tell_the_stages(client, collection, api):
    [document] = embedded(collection, {"a": "Words."})
    client.force_login(collection.owner)
    assert "<dt>indexed</dt>" in client.get(document.get_absolute_url()).text
    answer = api.get(f"/api/documents/{document.pk}/").json()
    assert set(answer["stages"]) == {"extracted", "split", "embedded", "indexed", "ready"}


def test_command_line_pauses_resumes_and_cancels(collection, capsys):
    queue(collection, "a")
    options = {"owner": collection.owner.get_username()}
    told = []
    for action in ("pause", "resume", "cancel"):
        call_command("collections", action, collection.name, **options)
        collection.refresh_from_db()
        told.append((collection.paused, *states(collection), capsys.readouterr().err.strip()))
    name = collection.name
    assert told == [
        (True, "queued", f"Paused {name}."),
        (False, "queued", f"Resumed {name}."),
        (False, "set_aside", f"Set aside 1 documents of {name}."),
    ]
