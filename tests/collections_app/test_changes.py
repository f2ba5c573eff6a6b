"""Changing the model of a collection: its states, its refusals, and what stays right meanwhile."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from collections_app import changes, ingest, services
from collections_app.changes.queue import claim
from collections_app.encoders import ModelAway
from collections_app.models import (
    Collection,
    Document,
    ModelChange,
    Passage,
    Shadow,
    Vector,
)
from collections_app.services import Rejected
from search_app.search import search
from tests.factories import CollectionFactory, EmbeddingModelFactory, embedded
from tests.keywords import postings

pytestmark = pytest.mark.django_db(transaction=True)

LONG = " ".join(f"The boat number {n} lies in the harbour of the town." for n in range(12))
TEXTS = {"a": LONG, "b": "A quiet morning by the sea.", "c": "Bread and butter."}


@pytest.fixture
def collection():
    return CollectionFactory()


@pytest.fixture
def other():
    """A model of another dimension that reads less: passages are split otherwise."""
    return EmbeddingModelFactory(name="other", dimension=96, token_limit=24)


def counts(collection, model):
    """(documents, passages, vectors) that stand under the model."""
    passages = Passage.objects.filter(collection=collection, model=model)
    vectors = Vector.objects.filter(passage__in=passages, model=model)
    return passages.values("document").distinct().count(), passages.count(), vectors.count()


def ready(collection, other):
    change = changes.start(collection, other)
    changes.run()
    change.refresh_from_db()
    assert change.state == "ready"
    return change


def ids(hits):
    return [hit.document.external_id for hit in hits]


def found(collection, text="harbour"):
    collection.refresh_from_db()  # as a request would
    return ids(search(collection.owner, text, collection=collection).hits)


def test_documents_get_the_passages_of_both_models_and_search_stays_with_the_old(collection, other):
    embedded(collection, TEXTS)
    before = counts(collection, collection.embedding_model)
    hits = found(collection)
    change = ready(collection, other)
    assert counts(collection, collection.embedding_model) == before
    documents, passages, vectors = counts(collection, other)
    assert (documents, passages > before[1], vectors) == (3, True, passages)
    assert found(collection) == hits
    assert Collection.objects.get(pk=collection.pk).embedding_model_id == change.old_id
    assert {len(row.embedding) for row in Vector.objects.filter(model=other)} == {96}


def test_a_switch_and_a_way_back_lose_and_double_nothing(collection, other):
    embedded(collection, TEXTS)
    old = collection.embedding_model
    change = ready(collection, other)
    before = counts(collection, old), counts(collection, other)
    changes.switch(change)
    collection.refresh_from_db()
    assert (change.state, change.beside, collection.embedding_model) == ("switched", old, other)
    assert "a" in found(collection)
    changes.roll_back(change)
    collection.refresh_from_db()
    assert (change.state, change.beside, collection.embedding_model) == ("ready", other, old)
    changes.switch(change)
    assert (counts(collection, old), counts(collection, other)) == before
    assert not Document.objects.exclude(state="ready").exists()


def test_old_vectors_go_when_they_are_dropped_and_the_change_is_done(collection, other):
    embedded(collection, TEXTS)
    old = collection.embedding_model
    change = ready(collection, other)
    changes.switch(change)
    changes.drop(change)
    assert changes.work(10) is False
    change.refresh_from_db()
    collection.refresh_from_db()
    assert (change.state, counts(collection, old)) == ("done", (0, 0, 0))
    assert counts(collection, other)[0] == 3
    assert not Shadow.objects.exists()
    assert "a" in found(collection)
    assert not changes.waiting().exists()
    with pytest.raises(Rejected, match="nothing to roll back"):
        changes.roll_back(change)


def test_a_cancelled_change_leaves_the_collection_as_it_was(collection, other):
    embedded(collection, TEXTS)
    before = counts(collection, collection.embedding_model)
    change = changes.start(collection, other)
    changes.run(1, go_on=lambda: False)
    assert counts(collection, other)[0] == 1
    changes.cancel(change)
    changes.run()
    assert changes.work(10) is False
    change.refresh_from_db()
    assert (change.state, counts(collection, other)) == ("cancelled", (0, 0, 0))
    assert counts(collection, collection.embedding_model) == before
    assert not Shadow.objects.exists()
    ready(collection, other)  # it can be begun anew


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (changes.switch, "not ready"),
        (changes.roll_back, "nothing to roll back"),
        (changes.drop, "Only after a switch"),
    ],
)
def test_what_a_change_that_is_being_built_refuses(collection, other, act, message):
    embedded(collection, TEXTS)
    change = changes.start(collection, other)
    with pytest.raises(Rejected, match=message):
        act(change)
    assert ModelChange.objects.get().state == "building"


def test_a_switched_change_cannot_be_cancelled_or_switched_again(collection, other):
    embedded(collection, TEXTS)
    change = changes.switch(ready(collection, other))
    with pytest.raises(Rejected, match="roll it back first"):
        changes.cancel(change)
    with pytest.raises(Rejected, match="switched or ended"):
        changes.switch(change)


def test_what_no_change_can_begin_with(collection, other):
    with pytest.raises(Rejected, match="already"):
        changes.start(collection, collection.embedding_model)
    changes.start(collection, other)
    with pytest.raises(Rejected, match="being changed already"):
        changes.start(collection, EmbeddingModelFactory(name="third"))
    untried = EmbeddingModelFactory(name="untried", state="waiting")
    with pytest.raises(Rejected, match="not passed its probe"):
        changes.start(CollectionFactory(), untried)
    assert list(changes.choices(collection).values_list("name", flat=True)) == ["other", "third"]


def test_an_empty_collection_is_ready_at_once(collection, other):
    changes.switch(ready(collection, other))
    collection.refresh_from_db()
    assert collection.embedding_model == other


@pytest.mark.parametrize("switched", [False, True])
def test_new_and_edited_documents_get_both(collection, other, switched):
    [first, *_] = embedded(collection, TEXTS)
    change = ready(collection, other)
    if switched:
        changes.switch(change)
    services.edit_document(first, body="Cheese and wine from the hills.")
    embedded(collection, {"d": "A new note about cheese."})
    ingest.run()
    assert sorted(found(collection, "cheese")[:2]) == ["a", "d"]  # before what stands beside
    assert changes.run() == 2
    texts = Passage.objects.filter(document=first).values_list("text", flat=True).order_by("model")
    assert list(texts) == ["Cheese and wine from the hills."] * 2
    assert counts(collection, change.old)[0] == counts(collection, other)[0] == 4
    (changes.roll_back if switched else changes.switch)(change)
    assert sorted(found(collection, "cheese")[:2]) == ["a", "d"]


def test_an_edit_while_its_old_content_is_in_work_wins(collection, other, encoder):
    [document] = embedded(collection, {"a": "Old words."})
    changes.start(collection, other)

    def edit():
        encoder.meanwhile = lambda: None
        services.edit_document(document, body="New words.")
        ingest.run()

    encoder.meanwhile = edit
    changes.run()
    assert Passage.objects.filter(document=document).count() == 1  # the old words are not there
    changes.run()
    texts = Passage.objects.filter(document=document).values_list("text", flat=True)
    assert list(texts) == ["New words."] * 2
    assert ModelChange.objects.get().state == "ready"


def test_a_document_deleted_meanwhile_leaves_nothing(collection, other, encoder):
    documents = embedded(collection, TEXTS)
    changes.start(collection, other)

    def delete():
        encoder.meanwhile = lambda: None
        services.delete_documents(Document.objects.filter(pk=documents[0].pk))

    encoder.meanwhile = delete
    changes.run()
    assert counts(collection, other)[0] == 2
    assert set(postings()) == set(Passage.objects.values_list("pk", flat=True))
    assert ModelChange.objects.get().state == "ready"


def test_a_deleted_collection_takes_its_change_along(collection, other):
    embedded(collection, TEXTS)
    ready(collection, other)
    services.delete_collection(collection)
    assert not ModelChange.objects.exists()
    assert not Passage.objects.exists()


def test_a_document_that_the_new_model_cannot_take_is_listed_and_left_out(
    collection, other, encoder
):
    [bad, *_] = embedded(collection, TEXTS | {"a": "A poisonous note."})
    encoder.fails_on = "poisonous"
    change = changes.start(collection, other)
    for _ in range(3):
        Shadow.objects.update(not_before=None)
        changes.run()
    change.refresh_from_db()
    progress = changes.progress(change)
    assert (change.state, progress.done, progress.set_aside, progress.missing) == ("ready", 2, 1, 1)
    [row] = progress.failures
    assert (row.document, row.error_stage) == (bad, "embed")
    with pytest.raises(changes.NotAllThere, match="1 document is not there") as refused:
        changes.switch(change)
    assert refused.value.count == 1
    changes.switch(change, although_missing=True)
    assert change.left_out == 1
    encoder.fails_on = None
    assert ingest.run() == 1  # it is tried under the new model, in the ordinary queue
    assert counts(collection, other)[0] == 3


def test_retrying_takes_up_what_was_set_aside(collection, other, encoder):
    embedded(collection, {"a": "A poisonous note."})
    encoder.fails_on = "poisonous"
    change = changes.start(collection, other)
    for _ in range(3):
        Shadow.objects.update(not_before=None)
        changes.run()
    change.refresh_from_db()
    assert (change.state, "poison" in change.error) == ("failed", True)
    encoder.fails_on = None
    assert changes.retry(change) == 1
    changes.run()
    change.refresh_from_db()
    assert (change.state, change.error) == ("ready", "")


def test_a_paused_collection_waits(collection, other):
    embedded(collection, TEXTS)
    changes.start(collection, other)
    services.pause(collection)
    assert changes.run() == 0
    services.resume(collection)
    assert changes.run() == 3


def test_ordinary_work_goes_first(collection, other):
    embedded(collection, TEXTS)
    changes.start(collection, other)
    services.add_documents(CollectionFactory(), [services.Incoming("x", body="Words.")])
    assert changes.work(10, limit=1) is False  # one claim, then the others have their turn
    assert Shadow.objects.filter(state="done").count() == 1
    ingest.run()
    assert changes.work(10) is False
    assert ModelChange.objects.get().state == "ready"


def test_a_commit_under_the_old_model_after_a_switch_is_refused(collection, other, encoder):
    embedded(collection, TEXTS)
    change = ready(collection, other)
    services.add_documents(collection, [services.Incoming("d", body="A new note.")])

    def switch():
        encoder.meanwhile = lambda: None
        changes.switch(change)

    encoder.meanwhile = switch
    ingest.run()
    assert Document.objects.get(external_id="d").state == "queued"
    ingest.run()
    changes.run()
    assert counts(collection, change.old)[0] == counts(collection, other)[0] == 4
    assert Document.objects.get(external_id="d").state == "ready"


def test_the_nightly_check_leaves_a_change_alone(collection, other):
    embedded(collection, TEXTS)
    change = changes.start(collection, other)
    assert not ingest.outdated().exists()
    changes.run()
    change.refresh_from_db()
    changes.switch(change)
    assert not ingest.outdated().exists()
    assert services.reembed_outdated(Collection.objects.all()) == 0


def test_old_vectors_go_by_themselves_after_the_days_of_the_settings(collection, other, settings):
    embedded(collection, TEXTS)
    change = changes.switch(ready(collection, other))
    changes.sweep()
    assert ModelChange.objects.get().state == "switched"
    ModelChange.objects.update(switched_at=F("switched_at") - timedelta(days=15))
    settings.OLD_VECTORS_DAYS = 0
    changes.sweep()
    assert ModelChange.objects.get().state == "switched"
    settings.OLD_VECTORS_DAYS = 14
    assert changes.sweep() is True
    changes.work(10)
    change.refresh_from_db()
    assert change.state == "done"


def test_equal_text_is_embedded_once_for_the_new_model(collection, other, encoder):
    embedded(collection, {"a": "The same words.", "b": "The same words."})
    second = CollectionFactory()
    embedded(second, {"c": "The same words."})
    changes.start(collection, other)
    changes.run()
    encoder.texts.clear()
    changes.start(second, other)
    changes.run()
    assert encoder.texts == []


def test_the_estimate_tells_documents_tokens_and_price(collection, other):
    embedded(collection, TEXTS)
    other.price_per_million_tokens = 1_000_000
    told = changes.estimate(collection, other)
    tokens = sum(Document.objects.values_list("token_count", flat=True))
    assert (told.documents, told.tokens, told.cost, told.seconds) == (3, tokens, tokens, None)
    assert told.passages >= 3
    assert told.bytes > told.passages * other.dimension * 4
    other.probes.create(state="passed", found={"tokens_per_second": 10.0})
    assert changes.estimate(collection, other).seconds == tokens / 10


def test_two_workers_share_a_change_and_double_nothing(collection, other):
    embedded(collection, {f"d{n}": f"Note {n} of many." for n in range(12)})
    changes.start(collection, other)
    barrier, done = threading.Barrier(2), []

    def work():
        try:
            barrier.wait(60)
            done.append(changes.run(2))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert sum(done) == 12
    assert counts(collection, other) == (12, 12, 12)


def test_a_worker_that_is_gone_loses_its_claim_and_another_goes_on(collection, other):
    embedded(collection, TEXTS)
    changes.start(collection, other)

    def die():
        claim(2)
        connection.close()

    thread = threading.Thread(target=die)
    thread.start()
    thread.join(300)
    assert Shadow.objects.exclude(claim_token=None).count() == 2
    assert changes.sweep() is True
    assert Shadow.objects.exclude(claim_token=None).count() == 0
    for _ in range(3):  # those that were tried come one at a time
        changes.run()
    assert counts(collection, other)[0] == 3


def test_a_document_that_kills_its_worker_every_time_is_set_aside(collection, other, settings):
    embedded(collection, {"a": "A note."})
    changes.start(collection, other)
    Shadow.objects.update(attempts=settings.MAX_ATTEMPTS)
    changes.sweep()
    row = Shadow.objects.get()
    assert (row.state, row.error_stage) == ("set_aside", "worker")
    assert ModelChange.objects.get().state == "failed"


def test_a_model_that_is_away_costs_no_attempt(collection, other, encoder, monkeypatch):
    embedded(collection, TEXTS)
    change = changes.start(collection, other)
    monkeypatch.setattr(encoder, "encode", away)
    assert changes.run() == 3
    assert not changes.waiting().exists()  # until the model may be asked again
    monkeypatch.undo()
    type(other).objects.update(away_until=None)
    assert set(Shadow.objects.values_list("state", "attempts")) == {("queued", 0)}
    changes.run()
    change.refresh_from_db()
    assert change.state == "ready"


def away(texts):
    raise ModelAway("The server does not answer.")
