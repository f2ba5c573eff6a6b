"""Questions over the REST API."""

import uuid

import pytest
from rest_framework.test import APIClient

from collections_app import services
from collections_app.models import ApiToken, Collection, Document
from collections_app.services import create_token
from collections_app.throttles import AskThrottle
from rag_app import answer
from rag_app.models import Answer, Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.chat_server import raw, streamed
from tests.rag_app.conftest import NOTES
from tests.rag_app.test_answering import QUESTION

pytestmark = pytest.mark.django_db

URL = "/api/questions/"


@pytest.fixture
def api(notes):
    return client_of(notes.owner)


def client_of(user, scope=ApiToken.Scope.WRITE):
    _token, key = create_token(user, name="test", scope=scope)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def ask(client, text=QUESTION, **values):
    return client.post(URL, {"question": text, **values}, format="json")


def problem(response):
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert body["status"] == response.status_code
    return response.status_code, body["detail"]


def test_quoted_answer_has_all_that_one_needs(api, notes, no_chat):
    response = ask(api, collection=notes.pk)
    assert response.status_code == 201
    body = response.json()
    question = Question.objects.get()
    assert {key: body[key] for key in body if key not in ("citations", "segments", "created")} == {
        "id": str(question.pk),
        "question": QUESTION,
        "collection": notes.pk,
        "collections": [],
        "conversation": str(question.conversation),
        "standalone": "",
        "filters": [],
        "pinned": [],
        "dropped": [],
        "system": "",
        "shared": False,
        "shared_conversation": False,
        "state": "complete",
        "kind": "extractive",
        "chat_model": "",
        "error": "",
        "withheld": False,
        "unfounded": False,
        "waiting": 0,
        "retry_at": None,
        "prompt_tokens": 0,
        "answer_tokens": 0,
        "cost": "0.000000",
        "text": "".join(segment["text"] for segment in body["segments"]),
        "copied": body["copied"],
        "url": f"/q/{question.pk}/",
    }
    best = body["citations"][0]
    document = Document.objects.get(pk=best["document"])
    assert document.text[best["start"] : best["end"]] == best["quote"]
    assert {key: best[key] for key in ("number", "title", "url", "current", "cited")} == {
        "number": 1,
        "title": "backup",
        "url": f"/d/{document.pk}/?start={best['start']}&end={best['end']}#mark",
        "current": True,
        "cited": True,
    }
    assert 0 < best["score"] <= 1


def test_chat_answer_is_written_before_the_reply(api, notes, chat_server):
    chat_server.reply = streamed("Run the backup nightly [1].")
    body = ask(api).json()
    assert (body["state"], body["kind"], body["chat_model"], body["text"]) == (
        "complete",
        "chat",
        "scripted-1",
        "Run the backup nightly [1].",
    )
    shown = ("text", "number", "supported")
    assert [{key: one[key] for key in shown} for one in body["segments"]] == [
        {"text": "Run the backup nightly ", "number": None, "supported": True},
        {"text": "[1]", "number": 1, "supported": True},
        {"text": ".", "number": None, "supported": True},
    ]
    assert [c["number"] for c in body["citations"] if c["cited"]] == [1]


def test_without_waiting_the_answer_is_read_from_its_stream(api, notes, chat_server):
    body = ask(api, wait=False).json()
    assert (body["state"], body["text"]) == ("pending", "")
    address = f"{URL}{body['id']}/"
    response = api.get(f"{address}stream/", HTTP_ACCEPT="text/event-stream")
    assert response["Content-Type"] == "text/event-stream"
    assert b"event: done" in response.getvalue()
    assert api.get(address).json()["text"] == "Hello there [1]."


def test_broken_chat_server_is_an_answer_that_failed(api, notes, chat_server):
    chat_server.reply = raw("oops", "text/html")
    response = ask(api)
    assert response.status_code == 201
    body = response.json()
    assert body["state"] == "failed"
    assert body["error"].startswith("The chat server sent something that is not an answer")
    chat_server.reply = streamed("Fine [1].")
    again = api.post(f"{URL}{body['id']}/retry/").json()
    assert (again["state"], again["text"]) == ("complete", "Fine [1].")


def test_nothing_relevant_is_said(api, notes, no_chat):
    body = ask(api, "zebra quasar?").json()
    assert (body["kind"], body["text"], body["segments"]) == ("none", "", [])
    assert [c["cited"] for c in body["citations"]] == [False] * 3


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "question"),
        ({"question": ""}, "question"),
        ({"question": "why\x00"}, "question"),
        ({"question": ["why"]}, "question"),
        ({"question": "why", "collection": "x"}, "collection"),
        ({"question": "why", "collection": 10**30}, "collection"),
        ({"question": "why", "wait": "perhaps"}, "wait"),
    ],
)
def test_bad_request_names_the_field(api, notes, values, field):
    response = api.post(URL, values, format="json")
    assert problem(response)[0] == 400
    assert list(response.json()["errors"]) == [field]
    assert not Question.objects.exists()


def test_question_of_100_kb_is_refused(api, notes):
    assert problem(ask(api, "w" * 100_000)) == (
        400,
        "The question has 100000 characters; the most is 4000. Shorten it.",
    )


def test_collection_one_may_not_see_is_as_one_that_is_not_there(api):
    response = ask(api, collection=CollectionFactory().pk)
    assert problem(response)[0] == 400
    assert list(response.json()["errors"]) == ["collection"]


def test_list_has_ones_own_questions_newest_first(api, notes, no_chat):
    answer.ask(UserFactory(), "theirs?")
    for text in ("first?", "second?"):
        answer.ask(notes.owner, text, collection=notes)
    rows = api.get(URL).json()["results"]
    assert [row["question"] for row in rows] == ["second?", "first?"]
    assert set(rows[0]) == {
        "id", "question", "collection", "collections", "state", "kind", "created", "url",
        "conversation",
    }  # fmt: skip


def test_list_is_paged(api, notes, no_chat):
    for n in range(3):
        answer.ask(notes.owner, f"{n}?")
    first = api.get(URL, {"page_size": 2}).json()
    second = api.get(first["next"]).json()
    assert [[row["question"] for row in p["results"]] for p in (first, second)] == [
        ["2?", "1?"],
        ["0?"],
    ]


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", ""), ("delete", ""), ("get", "stream/"), ("post", "retry/")],
)
def test_question_of_somebody_else_is_not_there(api, notes, no_chat, method, path):
    theirs = answer.ask(UserFactory(), "theirs?")
    for pk in (theirs.pk, uuid.uuid4()):
        assert problem(getattr(api, method)(f"{URL}{pk}/{path}"))[0] == 404
    assert Question.objects.filter(pk=theirs.pk).exists()
    assert api.get(f"{URL}1/").status_code == 404


def test_problem_of_a_stream_is_json_though_events_were_asked_for(api):
    response = api.get(f"{URL}{uuid.uuid4()}/stream/", HTTP_ACCEPT="text/event-stream")
    assert problem(response)[0] == 404


def test_deleting_removes_question_and_answer(api, notes, no_chat):
    question = answer.ask(notes.owner, QUESTION)
    assert api.delete(f"{URL}{question.pk}/").status_code == 204
    assert not Answer.objects.exists()


def test_reading_token_may_ask_but_not_delete(notes, no_chat):
    reader = client_of(notes.owner, ApiToken.Scope.READ)
    body = ask(reader).json()
    assert body["kind"] == "extractive"
    assert problem(reader.delete(f"{URL}{body['id']}/"))[0] == 403
    assert Question.objects.exists()


def test_visitor_asks_public_collections_within_the_session(notes, no_chat):
    public = CollectionFactory(public=True)
    embedded(public, {"lamp": "The lighthouse lamp is lit at dusk each evening."})
    visitor, other = APIClient(), APIClient()
    body = ask(visitor, "When is the lighthouse lamp lit?").json()
    assert {c["title"] for c in body["citations"]} == {"lamp"}
    assert visitor.get(f"{URL}{body['id']}/").json()["text"] == body["text"]
    assert [row["id"] for row in visitor.get(URL).json()["results"]] == [body["id"]]
    assert other.get(f"{URL}{body['id']}/").status_code == 404
    assert other.get(URL).json()["results"] == []


def test_asking_too_often_is_refused(api, notes, no_chat, monkeypatch):
    monkeypatch.setattr(AskThrottle, "rate", "1/min", raising=False)
    body = ask(api).json()
    assert problem(ask(api))[0] == 429
    assert problem(api.post(f"{URL}{body['id']}/retry/"))[0] == 429
    assert api.get(URL).status_code == 200


def test_deleted_and_private_documents_vanish_at_once(no_chat):
    collection = CollectionFactory(public=True)
    embedded(collection, NOTES)
    api = client_of(UserFactory())
    address = f"{URL}{ask(api).json()['id']}/"
    services.delete_documents(collection.documents.filter(external_id="backup"))
    titles = {c["title"] for c in api.get(address).json()["citations"]}
    assert titles == {"bread", "tides"}
    Collection.objects.update(visibility="private")
    body = api.get(address).json()
    assert (body["citations"], body["segments"], body["text"]) == ([], [], "")


def test_queries_do_not_grow(api, notes, no_chat, count_queries):
    few = answer.ask(notes.owner, QUESTION, collection=notes)
    few.answer.citations.filter(number__gt=1).delete()
    api.get(URL)  # the token's time of use is written once a minute
    one = count_queries(lambda: api.get(URL))
    for _ in range(2):
        many = answer.ask(notes.owner, QUESTION, collection=notes)
    assert many.answer.citations.count() == 3
    assert count_queries(lambda: api.get(URL)) == one <= 3
    read = count_queries(lambda: api.get(f"{URL}{few.pk}/"))
    assert count_queries(lambda: api.get(f"{URL}{many.pk}/")) == read <= 4


def test_what_is_told_at_once_is_what_is_read_later(api, notes, chat_server):
    for more in ({"wait": False}, {"chat": "quotes"}):
        told = ask(api, collection=notes.pk, **more).json()
        assert told["citations"]
        read = api.get(f"{URL}{told['id']}/").json()
        assert told == read


def test_asking_takes_few_statements_however_much_is_found(api, notes, chat_server, count_queries):
    def calls():
        return count_queries(lambda: ask(api, collection=notes.pk, wait=False))

    calls()  # the sample of the vectors is read, and the token is noted as used
    few = calls()
    embedded(notes, {f"more{n}": NOTES["backup"] + f" Part {n}." for n in range(12)})
    assert calls() == few <= 18
