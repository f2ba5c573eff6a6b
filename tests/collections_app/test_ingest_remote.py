"""Documents under a model of another server: outages, refused texts, what it costs."""

from decimal import Decimal

import pytest
from django.utils import timezone

from collections_app import ingest, services, vectors
from collections_app.encoders import ModelAway, loading
from collections_app.ingest import spending
from collections_app.ingest.states import waiting
from collections_app.models import EmbeddingModel, Spending
from collections_app.services import Incoming, add_documents
from search_app.search import search
from tests.embedding_server import DIMENSION, EmbeddingServer, error, honest, refusing
from tests.factories import CollectionFactory, EmbeddingModelFactory, embedded

pytestmark = pytest.mark.django_db
NOTES = {"boats": "Boats lie in the harbour.", "bread": "Knead the dough.", "tide": "The tide."}


@pytest.fixture(autouse=True)
def patience(settings, monkeypatch):
    settings.EMBED_QUERY_SECONDS = 0.5
    monkeypatch.setattr("collections_app.encoders.server.BACKOFF_SECONDS", 0.001)
    loading._load.cache_clear()
    vectors._query_vector.cache_clear()


@pytest.fixture
def peer():
    with EmbeddingServer() as found:
        yield found


@pytest.fixture
def model(peer):
    return EmbeddingModelFactory(
        name="remote",
        backend="openai-compatible",
        ref="tiny",
        base_url=peer.url,
        dimension=DIMENSION,
        token_limit=300,
        price_per_million_tokens=Decimal("0.5"),
    )


def added(collection, notes=NOTES):
    add_documents(collection, [Incoming(key, body=text) for key, text in notes.items()])
    ingest.run()
    return {row.external_id: row for row in collection.documents.all()}


def back(model):
    EmbeddingModel.objects.filter(pk=model.pk).update(away_until=timezone.now())


def test_an_outage_costs_no_document_an_attempt_and_no_other_model_a_thing(peer, model):
    peer.reply = error(503, "restarting")
    home, other = CollectionFactory(embedding_model=model), CollectionFactory()
    for _ in range(5):
        rows = added(home)
        assert {(row.state, row.attempts) for row in rows.values()} == {("queued", 0)}
        assert not waiting().exists()
        back(model)
    assert "restarting" in rows["boats"].error
    added(home)
    embedded(other, {"a": "A boat."})
    model.refresh_from_db()
    assert "restarting" in model.away_reason
    peer.reply = honest
    back(model)
    ingest.run()
    assert set(home.documents.values_list("state", "attempts")) == {("ready", 0)}
    assert not home.documents.exclude(error="").exists()
    model.refresh_from_db()
    assert (model.away_until, model.away_reason) == (None, "")


def test_the_text_that_is_refused_is_set_aside_and_the_others_pass(peer, model):
    peer.reply = refusing(
        lambda texts: any("dough" in text for text in texts), error(400, "no dough")
    )
    rows = added(CollectionFactory(embedding_model=model))
    assert {key: row.state for key, row in rows.items()} == {
        "boats": "ready",
        "bread": "set_aside",
        "tide": "ready",
    }
    assert "no dough" in rows["bread"].error
    assert rows["bread"].attempts == 1


def test_search_goes_by_keywords_while_the_server_is_away(peer, model):
    home, local = CollectionFactory(embedding_model=model), CollectionFactory()
    home.owner = local.owner
    home.save()
    added(home)
    embedded(local, {"local": "Another boat in another harbour."})
    peer.reply = error(503)
    found = search(home.owner, "harbour boats")
    assert {hit.document.external_id for hit in found.hits} == {"boats", "local"}
    asked = len(peer.requests)
    search(home.owner, "another question")
    assert len(peer.requests) == asked  # a server that was away is left alone for a while
    with pytest.raises(ModelAway):
        vectors.embed_query(model, "boats")


def test_what_was_spent_is_counted_for_each_collection(peer, model):
    one, two = (CollectionFactory(embedding_model=model) for _ in range(2))
    added(one)
    first = Spending.objects.get()
    told = sum(len(text.split()) + 2 for texts in peer.texts for text in texts)
    assert (first.collection, first.model, first.tokens) == (one, model, told)
    assert first.cost == Decimal(told) / 2_000_000
    added(two, {"a": "Something else.", "again": NOTES["boats"]})
    assert Spending.objects.get(collection=two).tokens == 4
    added(one, {"new": "A new note."})
    total = sum(len(text.split()) + 2 for texts in peer.texts for text in texts)
    assert sum(Spending.objects.values_list("tokens", flat=True)) == total
    assert Spending.objects.count() == 2


def test_what_was_spent_on_a_batch_that_failed_is_counted(peer, model):
    peer.reply = refusing(lambda texts: any("dough" in t for t in texts), error(400))
    home = CollectionFactory(embedding_model=model)
    added(home)
    assert Spending.objects.get().tokens >= 9
    services.delete_collection(home)


@pytest.mark.parametrize("counts", [{1: 1, 2: 2}, {1: 5}, {1: 333, 2: 333, 3: 333}, {1: 0, 2: 7}])
@pytest.mark.parametrize("tokens", [0, 1, 100, 12345])
def test_shares_add_up(tokens, counts):
    assert sum(spending.shared(tokens, counts).values()) == tokens


def test_a_local_model_costs_nothing():
    embedded(CollectionFactory(), {"a": "A boat."})
    assert not Spending.objects.exists()
