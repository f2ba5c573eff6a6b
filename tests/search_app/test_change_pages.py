"""The page, the API and the commands of a change of model and of upkeep."""

import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from collections_app import changes, ingest, services
from collections_app.models import EmbeddingModel, ModelChange, Passage, Spending, Vector
from search_app import related, upkeep
from search_app.models import DocumentVector, JudgedQuery, Upkeep
from search_app.queries import checking, indexes
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db(transaction=True)

TEXTS = {f"d{n}": f"Note {n} about boats in harbour {n}." for n in range(4)}


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    monkeypatch.setattr("collections_app.wake.call", lambda *args: True)
    monkeypatch.setattr("search_app.receivers.call", lambda *args: True)


@pytest.fixture
def collection():
    made = CollectionFactory()
    embedded(made, TEXTS)
    return made


@pytest.fixture
def other():
    return EmbeddingModelFactory(name="other", dimension=96, token_limit=24)


@pytest.fixture
def session(collection):
    client = Client()
    client.force_login(collection.owner)
    return client


@pytest.fixture
def api(collection):
    _token, key = services.create_token(collection.owner, "writes", "write")
    return Client(headers={"authorization": f"Bearer {key}"})


def act(session, collection, action, **fields):
    return session.post(f"/c/{collection.pk}/model/{action}/", fields, follow=True)


def test_a_change_from_the_page(session, collection, other):
    place = f"/c/{collection.pk}/model/"
    page = session.get(place).content.decode()
    assert "not measured" in page
    assert session.post(place, {"model": other.pk}).status_code == 302
    assert "building" in session.get(place).content.decode()
    assert "Nothing" not in session.get(f"{place}progress/").content.decode()
    assert "It is not ready" in act(session, collection, "switch").content.decode()
    changes.run()
    page = session.get(place, {"q": "boats", "judged": ""}).content.decode()
    assert page.count("<tr>") == 1 + len(TEXTS)
    assert "no judged queries" in page
    page = session.get(place, {"q": "b" * 2001}).content.decode()
    assert ("too long" in page, "Neither" in page) == (True, False)
    assert "search goes by the new model" in act(session, collection, "switch").content.decode()
    assert "the old model again" in act(session, collection, "roll-back").content.decode()
    act(session, collection, "switch")
    act(session, collection, "drop")
    changes.work(10)
    assert "other: done" in session.get(place).content.decode()
    assert session.get(f"{place}progress/").headers["HX-Refresh"] == "true"


def test_prices_and_costs_have_a_currency(session, api, collection, other, settings, capsys):
    settings.CURRENCY = "TWD"
    type(other).objects.filter(pk=other.pk).update(price_per_million_tokens="0.5")
    dear = EmbeddingModelFactory(name="dear", price_per_million_tokens=500_000)
    Spending.objects.create(
        model=dear, collection=collection, day="2026-11-01", tokens=12_345, cost="1234.5"
    )
    tokens = sum(Passage.objects.values_list("token_count", flat=True))
    page = session.get(f"/c/{collection.pk}/model/").text
    assert "12,345 tokens, 1,234.50\u00a0TWD" in page
    assert f"{tokens / 2:.2f}\u00a0TWD" in page
    assert re.search(r"0\.0000\d+\u00a0TWD", page)  # of the cheap one, less than a cent
    told = api.get(f"/api/collections/{collection.pk}/model-change/").json()["spent"]
    assert told == {"tokens": 12_345, "cost": "1234.50000000", "currency": "TWD"}
    session.force_login(UserFactory(is_staff=True))
    page = session.get(f"/models/{dear.pk}/").text
    assert "500,000.00\u00a0TWD" in page
    owner = {"owner": collection.owner.username}
    call_command("change_model", collection.name, "dear", "--estimate", **owner)
    assert f"{tokens / 2:.4f} TWD" in capsys.readouterr().out
    changes.start(collection, dear)
    changes.run()
    progress = api.get(f"/api/collections/{collection.pk}/model-change/").json()["progress"]
    assert progress["currency"] == "TWD"


def test_both_models_are_compared_over_what_is_done_already(session, api, collection, other):
    place = f"/c/{collection.pk}/model/"
    changes.start(collection, other)
    page = session.get(place, {"q": "boats", "judged": "1"}).text
    assert "none of the 4 documents is done yet" in page
    assert "Neither" not in page
    assert 'placeholder="Any query"' not in page
    ids = dict(collection.documents.values_list("external_id", "pk"))
    ModelChange.objects.get().shadows.exclude(document__in=[ids["d1"], ids["d2"]]).update(
        not_before="2100-01-01T00:00Z"
    )
    changes.run()
    assert ModelChange.objects.get().state == "building"
    page = session.get(place, {"q": "boats"}).text
    assert "2 of 4 documents are done" in page
    compared = api.get(f"/api/collections/{collection.pk}/model-change/compare/", {"q": "boats"})
    found = {one["external_id"]: (one["old_rank"], one["new_rank"]) for one in compared.json()}
    assert found == {"d1": (1, 1), "d2": (2, 2)}
    judge(collection, "harbour 0", {"d0": 3})
    assert "no judged query yet for which" in session.get(place, {"judged": "1"}).text
    judge(collection, "harbour 1", {"d1": 3, "d0": 3})
    assert "Over 1 judged query" in session.get(place, {"judged": "1"}).text


def test_a_filter_in_a_comparison_holds_under_both_models(api, collection, other):
    changes.start(collection, other)
    changes.run()
    place = f"/api/collections/{collection.pk}/model-change/compare/"
    [found] = api.get(place, {"q": "boats id:d2"}).json()
    assert (found["external_id"], found["old_rank"], found["new_rank"]) == ("d2", 1, 1)


def test_the_jobs_of_the_index_say_what_they_do_and_how_they_stand(session, collection):
    page = session.get(f"/c/{collection.pk}/model/").text
    for told in upkeep.TOLD.values():
        assert escape(str(told)) in page
    assert "every 2s" not in page
    place = f"/c/{collection.pk}/reindex/"
    session.post(f"{place}verify/")
    session.post(f"{place}verify/")  # a double click
    part = session.get(place).text
    assert ("It waits for a worker" in part, "every 2s" in part) == (True, True)
    assert part.count(" disabled") == 1
    [waiting] = upkeep.waiting()
    upkeep.run(waiting)
    part = session.get(place).text
    assert "Nothing was found wrong." in part
    assert re.search(r"Last done .+, \d+ s after it was asked for", part)
    assert ("every 2s" in part, "<html" in part) == (False, False)
    Upkeep.objects.update(state="failed", error="The job stopped (x).")
    assert "It could not be done: The job stopped (x)." in session.get(place).text


def judge(collection, text, grades):
    query = JudgedQuery.objects.create(
        collection=collection, owner=collection.owner, name=text, text=text, source="typed"
    )
    for key, grade in grades.items():
        query.judgements.create(external_id=key, grade=grade)


def test_missing_documents_are_named_and_need_a_word(session, collection, other):
    change = changes.start(collection, other)
    changes.run()
    Passage.objects.filter(model=other, document__external_id="d0").delete()
    assert "1 document is not there" in act(session, collection, "switch").content.decode()
    assert ModelChange.objects.get().state == "ready"
    act(session, collection, "switch", although_missing="on")
    change.refresh_from_db()
    assert (change.state, change.left_out) == ("switched", 1)


def test_a_model_that_cannot_be_chosen_is_refused(session, collection, other):
    response = session.post(f"/c/{collection.pk}/model/", {"model": collection.embedding_model_id})
    assert response.status_code == 422
    broken = EmbeddingModelFactory(name="broken", state="failed")
    for number, said in ((broken.pk, "broken failed its probe"), ("9" * 30, "valid choice")):
        response = session.post(f"/c/{collection.pk}/model/", {"model": number})
        assert (response.status_code, said in response.text) == (422, True)
    assert "other · 96 numbers" in response.text
    assert not ModelChange.objects.exists()


def test_a_public_collection_is_changed_by_its_editors_alone(collection, other):
    type(collection).objects.update(visibility="public")
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.get(f"/c/{collection.pk}/").status_code == 200
    assert stranger.get(f"/c/{collection.pk}/model/").status_code == 404
    assert stranger.post(f"/c/{collection.pk}/model/", {"model": other.pk}).status_code == 404
    assert stranger.get(f"/api/collections/{collection.pk}/model-change/").status_code == 404


def test_a_change_by_the_api(api, collection, other):
    place = f"/api/collections/{collection.pk}/model-change/"
    json = {"content_type": "application/json"}
    told = api.get(f"{place}estimate/", {"model": "other"}).json()
    assert (told["documents"], told["seconds"]) == (4, None)
    assert (told["currency"], told["cost"]) == ("USD", "0.00000000")
    assert api.get(place).json() == {
        "embedding_model": "fake",
        "spent": {"tokens": None, "cost": None, "currency": "USD"},
        "change": None,
        "progress": None,
    }
    assert api.post(place, {"model": "other"}, **json).status_code == 202
    assert api.post(place, {"model": "other"}, **json).status_code == 400
    assert api.post(f"{place}switch/", {}, **json).status_code == 400
    changes.run()
    told = api.get(place).json()
    assert (told["change"]["state"], told["progress"]["done"]) == ("ready", 4)
    places = api.get(f"{place}compare/", {"q": "boats"}).json()
    assert [one["new_rank"] for one in places] == [1, 2, 3, 4]
    assert api.post(f"{place}switch/", {}, **json).json()["embedding_model"] == "other"
    assert api.post(f"{place}roll-back/", {}, **json).json()["embedding_model"] == "fake"
    assert api.post(f"{place}nonsense/", {}, **json).status_code == 400


def test_the_plain_edit_of_the_model_leads_to_a_change(api, collection, other):
    response = api.patch(
        f"/api/collections/{collection.pk}/", {"embedding_model": "other"}, "application/json"
    )
    assert response.status_code == 400
    assert f"/api/collections/{collection.pk}/model-change/" in response.content.decode()
    collection.refresh_from_db()
    assert collection.embedding_model.name == "fake"


def test_a_change_by_commands(collection, other, capsys):
    owner = {"owner": collection.owner.username}
    call_command("change_model", collection.name, "other", "--estimate", **owner)
    assert "4 documents" in capsys.readouterr().out
    call_command("change_model", collection.name, "other", **owner)
    assert "ready; 4 of 4 documents done" in capsys.readouterr().out
    call_command("change_model", collection.name, "--compare", "boats", **owner)
    assert len(capsys.readouterr().out.splitlines()) == 5
    call_command("change_model", collection.name, "--switch", **owner)
    assert "searched under other" in capsys.readouterr().out
    call_command("change_model", collection.name, "--drop", **owner)
    assert "fake → other: done" in capsys.readouterr().out
    with pytest.raises(CommandError, match="not being changed"):
        call_command("change_model", collection.name, "--roll-back", **owner)


@pytest.mark.parametrize("place", ["/c/{}/model/", "/api/collections/{}/model-change/"])
def test_progress_asks_as_much_for_many_documents_as_for_few(session, collection, other, place):
    def asked(made):
        session.force_login(made.owner)
        with CaptureQueriesContext(connection) as queries:
            assert session.get(place.format(made.pk)).status_code == 200
        return len(queries)

    few = CollectionFactory()
    embedded(few, {"one": "A note."})
    for made in (few, collection):
        changes.start(made, other)
    changes.run()
    asked(few)
    assert asked(few) == asked(collection)


def test_verify_counts_and_repair_mends(collection, other, capsys):
    first, second, third, _fourth = collection.documents.order_by("pk")
    Vector.objects.filter(passage__document=first).delete()
    Passage.objects.filter(document=second).delete()
    [passage] = Passage.objects.filter(document=third)
    Vector.objects.filter(passage=passage).update(embedding=[1.0, 2.0])
    Passage.objects.create(
        document=third, collection=collection, model=other, ordinal=0, text="x", start=0, end=1,
        token_count=1, content_hash="x",
    )  # fmt: skip
    found = upkeep.done(collection, "verify")["problems"]
    assert found == {
        "documents without passages": 1,
        "passages without vectors": 1,
        "vectors that fit no passage or model": 1,
        "passages of a model that is not in use": 1,
    }
    assert upkeep.done(collection, "repair")["repaired"] == 5
    changes.run()
    services.retry(collection.documents.all())
    ingest.run()
    call_command("reindex", collection.name, owner=collection.owner.username)
    assert capsys.readouterr().out == f"{collection.name}: nothing wrong.\n"


def test_a_stale_document_vector_is_counted(collection):
    related.refresh(collection.pk)
    DocumentVector.objects.update(revision=99)
    assert upkeep.done(collection, "verify")["problems"] == {
        "document vectors of an older revision": 4
    }


def test_recall_is_measured_stored_and_shown(collection, session, api, settings):
    place = f"/api/collections/{collection.pk}/reindex/"
    assert upkeep.done(collection, "recall") == {"recall": None, "queries": 0}
    indexes.maintain(2)
    response = api.post(place, {"job": "recall"}, "application/json")
    assert (response.status_code, response.json()["state"]) == (202, "queued")
    assert upkeep.run(response.json()["id"]) is True
    [row] = api.get(place).json()
    assert (row["state"], row["recall"], row["queries"]) == ("ready", 1.0, 4)
    assert "1.000" in session.get(f"/c/{collection.pk}/model/").content.decode()
    Upkeep.objects.update(recall=0.9)
    assert "Rebuild it" in session.get(f"/c/{collection.pk}/model/").content.decode()
    for name in names():
        indexes.drop(name)


def test_an_index_that_finds_too_little_is_made_anew_at_most_once_a_week(
    collection, monkeypatch, caplog
):
    monkeypatch.setattr(checking, "recalls", lambda *_: iter([1.0, 0.8]))
    upkeep.done(collection, "recall")
    assert "finds 0.900" in caplog.text
    asked = Upkeep.objects.get(job="rebuild")
    upkeep.done(collection, "recall")
    assert Upkeep.objects.get(job="rebuild") == asked
    indexes.maintain(2)
    [name] = names()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER INDEX {name} SET (ef_construction = 64)")
    assert upkeep.run(asked.pk) is True
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [name])
        assert "ef_construction=200" in cursor.fetchone()[0]
    upkeep.done(collection, "recall")
    assert Upkeep.objects.get(job="rebuild") == asked
    Upkeep.objects.update(requested=asked.requested - timedelta(days=8))
    upkeep.done(collection, "recall")
    assert Upkeep.objects.filter(job="rebuild").count() == 2
    indexes.drop(name)


def test_an_index_is_rebuilt_and_what_a_broken_rebuild_left_goes(collection, session):
    indexes.maintain(2)
    [name] = names()
    assert session.post(f"/c/{collection.pk}/reindex/rebuild/").status_code == 302
    assert session.post(f"/c/{collection.pk}/reindex/nonsense/").status_code == 404
    [waiting] = upkeep.waiting()
    assert upkeep.run(waiting) is True
    assert (Upkeep.objects.get().state, Upkeep.objects.get().repaired) == ("ready", 1)
    assert names() == [name]
    indexes.drop(name)


def names():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname ~ '^vector_hnsw' ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def test_a_model_in_a_change_cannot_be_deleted(collection, other):
    changes.start(collection, other)
    admin = Client()
    admin.force_login(UserFactory(is_staff=True, is_superuser=True))
    admin.post(f"/admin/collections_app/embeddingmodel/{other.pk}/delete/", {"post": "yes"})
    assert EmbeddingModel.objects.filter(pk=other.pk).exists()
