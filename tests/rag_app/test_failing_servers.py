"""Chat servers that fail in each of their ways, over every way to ask: the reader is told what to
do, the passages stay, and so does what was written."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import translation

from collections_app.services import create_token
from rag_app import answer
from rag_app.answer import problems
from rag_app.language import chat
from rag_app.models import Answer, Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.chat_server import delta, raw, streamed
from tests.rag_app.conftest import NOTES
from tests.rag_app.test_answering import QUESTION

pytestmark = pytest.mark.django_db


def slow(handler):
    handler.begin(200, "text/event-stream")
    handler.server.go.wait(60)


def refusing(status, words="nope", **headers):
    return raw(json.dumps({"error": {"message": words}}), "application/json", status, **headers)


SERVERS = {  # name: (reply, what is told, whether a part of the answer came)
    "down": (None, "cannot be reached. See that it runs", False),
    "slow": (slow, "took too long. Try again", False),
    "malformed": (raw("<p>Log in</p>", "text/html"), "not an answer. Try again", False),
    "rate limited": (refusing(429, Retry_After="3600"), "Try again in 60 minutes", False),
    "busy": (refusing(503), "has too much to do. Try again in a minute", False),
    "broken": (refusing(500), "failed. Try again in a moment", False),
    "cut": (streamed("It runs [1]. And th", end=""), "in the middle of its answer", True),
    "at its limit": (
        raw(delta("It runs [1]. And th", "length"), "text/event-stream"),
        "most tokens that the chat model may write. Ask for less",
        True,
    ),
    "key refused": (refusing(401, "Wrong key sk-x"), "must enter another one", False),
    "wrong name": (refusing(404), "does not know the model", False),
    "odd": (refusing(418), "refused the question (status 418)", False),
    "empty": (streamed(""), "gave an empty answer", False),
}


@pytest.fixture
def headers(notes):
    return {"authorization": f"Bearer {create_token(notes.owner, 't', 'write')[1]}"}


def failing(chat_server, settings, name):
    reply, told, partial = SERVERS[name]
    settings.CHAT_TIMEOUT_SECONDS = 0.3 if name == "slow" else 60
    if reply is None:
        settings.CHAT_BASE_URL = "http://127.0.0.1:9"
    else:
        chat_server.reply = reply
    return told, partial


@pytest.mark.parametrize("name", SERVERS)
def test_each_failure_is_told_and_nothing_is_lost(
    notes, chat_server, settings, headers, name, capsys
):
    told, partial = failing(chat_server, settings, name)
    client = Client()
    client.force_login(notes.owner)
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    waiting = client.get(question.get_absolute_url()).content.decode()
    assert "?wait=1" in waiting
    assert "sqlite backup command" in waiting  # the passages, while it is written
    made = client.get(question.get_absolute_url(), {"wait": "1"}, follow=True)
    for html in (made.content.decode(), client.get(question.get_absolute_url()).content.decode()):
        assert told in html
        assert "sqlite backup command" in html
        assert ("It runs" in html) is partial
        assert "Ask again" in html
        assert "Quote the passages instead" in html
    body = client.get(f"/api/questions/{question.pk}/", headers=headers).json()
    assert told in body["error"]
    assert body["citations"]
    [again] = client.post(
        "/api/questions/", {"question": QUESTION, "wait": False}, "application/json",
        headers=headers,
    ).json(),  # fmt: skip
    events = client.get(f"/api/questions/{again['id']}/stream/", headers=headers).getvalue()
    assert events.count(b"event: passages") == events.count(b"event: failed") == 1
    assert told in json.loads(events.decode().strip().rsplit("data: ", 1)[1])["message"]
    out, raised = StringIO(), ""
    try:
        call_command("ask", QUESTION, "-c", notes.name, "--owner", str(notes.owner), stdout=out)
    except CommandError as error:
        raised = str(error)
    assert told in raised
    assert "[1] backup" in out.getvalue()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["down", "malformed", "rate limited", "cut"])
def test_clients_of_openai_get_the_passages_too(
    notes, chat_server, settings, client, headers, name, stream
):
    told, partial = failing(chat_server, settings, name)
    body = {"model": f"collection-{notes.pk}", "stream": stream}
    body["messages"] = [{"role": "user", "content": QUESTION}]
    made = client.post("/v1/chat/completions", body, "application/json", headers=headers)
    text = made.getvalue().decode() if made.streaming else made.content.decode()
    assert told in text
    assert "[1] backup " in text
    if not partial:
        assert made.status_code == (503 if name == "rate limited" else 502)
        assert made.headers.get("Retry-After") == ("3600" if name == "rate limited" else None)


def test_the_reader_is_told_in_the_readers_language(notes, chat_server, client):
    chat_server.reply = raw("", "text/event-stream")
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    answer.write(question)
    client.force_login(notes.owner)
    english = answer.read(Question.objects.get()).error
    with translation.override("zh-hant"):
        chinese = answer.read(Question.objects.get()).error
        assert chinese == problems.in_words({"kind": "CutOff"})
    assert english.startswith("The chat server stopped")
    assert chinese != english
    shown = client.get(question.get_absolute_url(), headers={"accept-language": "zh-hant"})
    assert chinese in shown.content.decode()


def test_the_seconds_that_are_told_run_down(notes, chat_server):
    chat_server.reply = refusing(429, Retry_After="40")
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    answer.write(question)
    Answer.objects.update(retry_at=Answer.objects.get().created)
    assert answer.read(Question.objects.get()).error.startswith(
        "The chat server had too much to do. Try again now."
    )


def test_the_servers_own_words_are_for_the_asker(chat_server, client):
    home = CollectionFactory(public=True)
    embedded(home, NOTES)
    chat_server.reply = refusing(500, "org-42 at 10.0.0.7 is out of money")
    question = answer.ask(UserFactory(), QUESTION, collection=home)
    answer.write(question)
    Question.objects.update(shared=True)
    boxed = client.post(reverse("box_json", args=[home.pk]), {"question": QUESTION}).content
    shared = client.get(question.get_absolute_url()).content
    for told in (boxed.decode(), shared.decode()):
        assert "The chat server failed." in told
        assert "org-42" not in told
    client.force_login(question.user)
    own = client.get(question.get_absolute_url()).content.decode()
    assert "The server&#x27;s own words: “org-42 at 10.0.0.7 is out of money”" in own


def test_every_kind_of_failure_has_words():
    kinds = [one for one in vars(chat).values() if isinstance(one, type)]
    failures = [one for one in kinds if issubclass(one, chat.ChatError)]
    told = {
        problems.in_words({"kind": one.__name__}) for one in failures if one is not chat.Refused
    }
    assert len(told) == len(failures) - 2  # what is malformed is told as what nobody foresaw
