"""The demo collections are loaded once, and left as their users make them."""

import io
import json
import threading
import time

import pytest
from django.core.management import call_command
from django.db import connection

from collections_app import ingest, services
from collections_app.demo import catalogue
from collections_app.demo.documents import DemoCollection, DemoDocument
from collections_app.models import Collection, Document
from embedsite import heartbeat
from embedsite.runner import administrator, meter
from rag_app.evaluation import questions
from rag_app.models import TestQuestion
from search_app.models import Clustering
from tests.factories import EmbeddingModelFactory

pytestmark = pytest.mark.django_db(transaction=True)


def colours():
    return [
        DemoDocument("red", "Red", "# Red\n\nAs of roses.", "text/markdown", {"kind": "warm"}),
        DemoDocument("blue", "Blue", "Blue as the sea."),
    ]


def shapes():
    return [DemoDocument("ring", "Ring", "A round shape.")]


@pytest.fixture(autouse=True)
def catalogue_of_two(monkeypatch):
    EmbeddingModelFactory(is_default=True)
    plans = [
        DemoCollection("Colours", "What colours are like.", colours, clustered=True),
        DemoCollection("Shapes", "", shapes, clustered=False),
    ]
    monkeypatch.setattr(catalogue, "COLLECTIONS", plans)


def load(*words):
    out = io.StringIO()
    call_command("load_demo", *words, stdout=out)
    return out.getvalue()


def content():
    rows = Document.objects.order_by("pk")
    return list(rows.values_list("collection__name", "external_id", "title", "revision", "state"))


def test_demo_becomes_public_collections_of_the_administrator():
    load()
    rows = Collection.objects.order_by("pk").values_list("name", "description", "visibility")
    assert list(rows) == [
        ("Colours", "What colours are like.", "public"),
        ("Shapes", "", "public"),
    ]
    assert {row.owner for row in Collection.objects.all()} == {administrator.user()}
    assert content() == [
        ("Colours", "red", "Red", 1, "ready"),
        ("Colours", "blue", "Blue", 1, "ready"),
        ("Shapes", "ring", "Ring", 1, "ready"),
    ]
    red = Document.objects.get(external_id="red")
    assert (red.media_type, red.metadata) == ("text/markdown", {"kind": "warm"})


def test_demo_brings_its_test_questions(monkeypatch, tmp_path):
    rows = [{"question": "What is red?", "documents": ["red"], "facts": ["roses"]}]
    (tmp_path / "Colours.json").write_text(json.dumps(rows))
    monkeypatch.setattr(questions, "DEMO", tmp_path)
    load()
    [one] = TestQuestion.objects.all()
    assert (one.collection.name, one.documents, one.facts) == ("Colours", ["red"], ["roses"])
    one.delete()
    load()
    assert not TestQuestion.objects.exists()


def test_demo_loaded_again_changes_nothing():
    assert load().startswith("Colours: 2 documents added.\nShapes: 1 documents added.\n")
    before = content()
    assert load() == ""
    assert content() == before


def test_demo_content_that_was_changed_or_deleted_stays_so():
    load()
    services.delete_collection(Collection.objects.get(name="Shapes"))
    services.delete_documents(Document.objects.filter(external_id="blue"))
    services.edit_document(Document.objects.get(external_id="red"), body="Red as brick.")
    load()
    assert content() == [("Colours", "red", "Red", 2, "ready")]


def test_demo_comes_back_when_asked_for():
    load()
    services.delete_collection(Collection.objects.get(name="Shapes"))
    services.delete_documents(Document.objects.filter(external_id="blue"))
    assert load("--restore").startswith("Colours: 1 documents added.\nShapes: 1 documents added.\n")
    assert [row[:2] for row in content()] == [
        ("Colours", "red"),
        ("Colours", "blue"),
        ("Shapes", "ring"),
    ]


def test_clusters_are_asked_for_once_where_they_make_sense():
    load()
    [wish] = Clustering.objects.all()
    assert (wish.collection.name, wish.wanted) == ("Colours", None)
    load()
    assert Clustering.objects.get().requested == wish.requested


def test_demo_that_was_interrupted_is_completed(monkeypatch):
    def stop(collection, items):
        list(items)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(services, "add_documents", stop)
        with pytest.raises(KeyboardInterrupt):
            load()
    assert Collection.objects.count() == 1
    load()
    assert [row[1] for row in content()] == ["red", "blue", "ring"]


def test_demo_waits_for_the_workers_where_there_are_some(monkeypatch):
    monkeypatch.setattr(heartbeat, "workers", lambda: 1)
    worker = threading.Thread(target=work_soon)
    worker.start()
    output = load()
    worker.join(120)
    assert output.splitlines()[-1].startswith("Embedded 3 of 3 documents, ")
    assert {row[4] for row in content()} == {"ready"}


def work_soon():
    done = 0  # of all runs together: the demo's collections come one after the other
    until = time.monotonic() + 100
    while done < 3 and time.monotonic() < until:
        done += ingest.run()
        time.sleep(0.1)
    connection.close()


def test_meter_writes_a_line_now_and_then(monkeypatch):
    monkeypatch.setattr(meter, "LINE_SECONDS", -1)
    out = io.StringIO()
    with meter.Meter(10, 8, out) as shown:
        shown.show(5)
        shown.show(0)
    lines = [line.partition(",")[0] for line in out.getvalue().splitlines()]
    assert lines == ["Embedded 5 of 10 documents", "Embedded 10 of 10 documents"]
