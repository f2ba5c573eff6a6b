"""The question box and the pages of questions."""

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from collections_app.models import Collection
from collections_app.throttles import AskThrottle
from rag_app import answer
from rag_app.language import chat
from rag_app.models import Answer, Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.chat_server import delta, raw, streamed
from tests.rag_app.conftest import NOTES
from tests.rag_app.test_answering import QUESTION

pytestmark = pytest.mark.django_db

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def browser(notes):
    """Logged in as the notes' owner."""
    client = Client()
    client.force_login(notes.owner)
    return client


def post(client, text=QUESTION, collection=None):
    return client.post(
        reverse("ask"), {"question": text, "collection": collection.pk if collection else ""}
    )


def page(client, question):
    return client.get(question.get_absolute_url())


def events(client, question):
    """(kind, data) of each event of a question's stream."""
    body = client.get(reverse("question_stream", args=[question.pk])).getvalue().decode()
    found = []
    for block in body.strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


# --- asking ---------------------------------------------------------------------------


def test_asking_leads_to_the_answer(browser, notes, no_chat):
    response = post(browser, collection=notes)
    question = Question.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/q/{question.pk}/")
    assert (question.user, question.session_key) == (notes.owner, "")
    html = page(browser, question).content.decode()
    assert "Run the sqlite backup command every night." in html
    assert "Quoted from your documents, no language model" in html
    first = answer.read(question).quotes[0]
    assert f'href="/d/{first.document_id}/?start={first.start}&amp;end={first.end}#mark"' in html


def test_box_offers_what_one_may_see(browser, notes):
    public, private = CollectionFactory(public=True), CollectionFactory()
    html = browser.get(reverse("ask")).content.decode()
    offered = [c.name for c in (notes, public, private) if f">{c.name}</option>" in html]
    assert offered == [notes.name, public.name]


def test_collection_of_the_address_is_chosen(browser, notes):
    html = browser.get(reverse("ask"), {"c": notes.pk, "q": "Why?"}).content.decode()
    assert f'<option value="{notes.pk}" selected>' in html
    assert "Why?</textarea>" in html


def test_nonsense_in_the_address_is_ignored(browser):
    response = browser.get(reverse("ask"), {"c": "x'", "page": "x", "q": "\x00"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Write a question first."),
        (" ", "Write a question first."),
        ("why\x00", "Null characters are not allowed."),
        ("w" * 100_000, "The question has 100000 characters; the most is 4000. Shorten it."),
    ],
)
def test_bad_question_is_told_at_the_box(browser, text, message):
    response = post(browser, text)
    assert response.status_code == 422
    html = response.content.decode()
    assert message in html
    assert 'aria-invalid="true"' in html
    assert not Question.objects.exists()


def test_collection_one_may_not_see_cannot_be_asked(browser):
    response = post(browser, collection=CollectionFactory())
    assert response.status_code == 422
    assert not Question.objects.exists()


def test_asking_too_often_is_told(browser, notes, no_chat, monkeypatch):
    monkeypatch.setattr(AskThrottle, "rate", "1/min", raising=False)
    assert post(browser).status_code == 302
    response = post(browser)
    assert response.status_code == 429
    assert "You ask too often." in response.content.decode()
    assert Question.objects.count() == 1


def test_forms_are_guarded_against_forgery(notes):
    client = Client(enforce_csrf_checks=True)
    client.force_login(notes.owner)
    assert post(client).status_code == 403


# --- visitors -------------------------------------------------------------------------


def test_visitor_asks_public_collections_and_reads_the_answer(client, no_chat):
    collection = CollectionFactory(public=True)
    embedded(collection, NOTES)
    response = post(client, collection=collection)
    question = Question.objects.get()
    assert question.user is None
    assert question.session_key == client.session.session_key
    assert "Run the sqlite backup command" in client.get(response["Location"]).content.decode()
    assert question.text in client.get(reverse("ask")).content.decode()
    assert page(Client(), question).status_code == 404


def test_visitor_sees_nothing_private(client, notes, no_chat):
    post(client)
    html = page(client, Question.objects.get()).content.decode()
    assert "There is nothing here yet to answer from" in html


# --- whose questions ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("get", "question"),
        ("get", "question_stream"),
        ("post", "question_stop"),
        ("post", "question_retry"),
        ("post", "question_delete"),
    ],
)
def test_question_of_somebody_else_is_not_there(client, notes, no_chat, method, name):
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    own = answer.ask(user := UserFactory(), "mine?")
    address = reverse(name, args=[question.pk])
    assert getattr(client, method)(address).status_code == 404
    client.force_login(user)
    assert getattr(client, method)(address).status_code == 404
    assert getattr(client, method)(reverse(name, args=[own.pk])).status_code in (200, 302)
    assert getattr(client, method)(reverse(name, args=[uuid.uuid4()])).status_code == 404
    assert Question.objects.filter(pk=question.pk).exists()


def test_history_has_ones_own_questions_newest_first(browser, notes, no_chat):
    answer.ask(UserFactory(), "theirs?")
    for text in ("first?", "second?"):
        answer.ask(notes.owner, text, collection=notes)
    html = browser.get(reverse("ask")).content.decode()
    assert "theirs?" not in html
    assert html.index("second?") < html.index("first?")


def test_name_of_a_collection_that_became_private_is_not_shown(browser, no_chat):
    collection = CollectionFactory(public=True, name="Harbour logs")
    post(browser, collection=collection)
    assert "Harbour logs" in page(browser, Question.objects.get()).content.decode()
    Collection.objects.filter(pk=collection.pk).update(visibility="private", name="Secret name")
    for response in (page(browser, Question.objects.get()), browser.get(reverse("ask"))):
        assert "Secret name" not in response.content.decode()


def test_deleting_removes_question_and_answer(browser, notes, no_chat):
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    response = browser.post(reverse("question_delete", args=[question.pk]), follow=True)
    assert "The question and its answer are deleted." in response.content.decode()
    assert not Answer.objects.exists()


@pytest.mark.parametrize("name", ["question_stop", "question_retry", "question_delete"])
def test_changes_need_a_post(browser, notes, no_chat, name):
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    assert browser.get(reverse(name, args=[question.pk])).status_code == 405


def test_queries_do_not_grow_with_the_questions(browser, notes, no_chat, count_queries):
    answer.ask(notes.owner, QUESTION, collection=notes)
    one = count_queries(lambda: browser.get(reverse("ask")))
    for _ in range(2):
        answer.ask(notes.owner, QUESTION, collection=notes)
    assert count_queries(lambda: browser.get(reverse("ask"))) == one <= 7


def test_queries_do_not_grow_with_the_citations(browser, notes, no_chat, count_queries):
    few = answer.ask(notes.owner, QUESTION, collection=notes)
    few.answer.citations.filter(number__gt=1).delete()
    many = answer.ask(notes.owner, QUESTION, collection=notes)
    assert many.answer.citations.count() == 3
    one = count_queries(lambda: page(browser, few))
    assert count_queries(lambda: page(browser, many)) == one <= 9


# --- answers being written ------------------------------------------------------------


def test_waiting_page_names_its_stream_and_works_without_scripts(browser, notes, chat_server):
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    html = page(browser, question).content.decode()
    assert f'data-answer="/q/{question.pk}/stream/"' in html
    assert f'content="1; url=/q/{question.pk}/?wait=1"' in html
    response = browser.get(question.get_absolute_url(), {"wait": "1"})
    assert (response.status_code, response["Location"]) == (302, question.get_absolute_url())
    html = page(browser, question).content.decode()
    assert "data-answer=" not in html
    assert "http-equiv" not in html
    assert 'href="/d/' in html


def test_stream_gives_the_answer_and_saves_it(browser, notes, chat_server):
    chat_server.reply = streamed("It runs ", "nightly [1].")
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    found = events(browser, question)
    assert [kind for kind, _ in found] == ["passages", "text", "text", "done"]
    assert found[-1][1] == {"state": "complete"}
    assert Answer.objects.get().text == "It runs nightly [1]."


def test_stream_is_neither_kept_nor_held_back(browser, notes, no_chat):
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    response = browser.get(reverse("question_stream", args=[question.pk]))
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-store"
    assert response["X-Accel-Buffering"] == "no"
    assert b"event: done" in response.getvalue()


def test_stream_that_is_closed_hangs_up_on_the_chat_server(browser, notes, chat_server):
    def reply(handler):
        handler.begin(200, "text/event-stream")
        while True:
            handler.send(delta("more "))

    chat_server.reply = reply
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    response = browser.get(reverse("question_stream", args=[question.pk]))
    parts = iter(response)
    assert next(parts).startswith(b"event: passages")
    assert next(parts) == b'event: text\ndata: {"text": "more "}\n\n'
    response._iterator.close()  # response.close(), by way of the test client's wrapper
    assert chat_server.left.wait(60)
    assert Answer.objects.get().state == Answer.State.PARTIAL
    assert Answer.objects.get().text.startswith("more ")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (raw("", "text/event-stream"), "stopped in the middle"),
        (raw("{}", "application/json"), "sent something that is not an answer"),
        (raw('{"error": "no quota left"}', "application/json", 429), "own words: “no quota left”"),
    ],
)
def test_broken_chat_server_is_told_with_a_way_on(browser, notes, chat_server, reply, message):
    chat_server.reply = reply
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    assert events(browser, question)[-1][0] == "failed"
    html = page(browser, question).content.decode()
    assert message in html
    assert "Ask again" in html
    chat_server.reply = streamed("Fine [1].")
    browser.post(reverse("question_retry", args=[question.pk]))
    assert events(browser, question)[-1] == ("done", {"state": "complete"})


def test_stop_button_ends_the_writing(browser, notes, chat_server):
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    assert "/stop/" in page(browser, question).content.decode()
    response = browser.post(reverse("question_stop", args=[question.pk]), follow=True)
    assert "You stopped this answer." in response.content.decode()
    assert events(browser, question)[-1][0] == "failed"
    assert chat_server.requests == []


def test_withheld_answer_shows_no_word_of_itself(browser, chat_server):
    collection = CollectionFactory(public=True)
    embedded(collection, NOTES)
    post(browser, collection=collection)
    question = Question.objects.get()
    list(answer.stream(question, chat=chat.ScriptedChat(["Zanzibar [1]."])))
    assert "Zanzibar" in page(browser, question).content.decode()
    Collection.objects.update(visibility="private")
    Collection.objects.filter(pk=collection.pk).update(owner=UserFactory())
    html = page(browser, question).content.decode()
    assert "Zanzibar" not in html
    assert "documents that you may no longer see" in html
    assert "sqlite backup command" not in html


def test_markup_in_answers_questions_and_documents_is_text(browser, notes, chat_server):
    embedded(notes, {"attack": f"The sqlite backup {ATTACK} runs every night."}, title=ATTACK)
    question = answer.ask(notes.owner, f"sqlite backup {ATTACK}?", collection=notes)
    waiting = page(browser, question).content.decode()
    list(answer.stream(question, chat=chat.ScriptedChat([f"{ATTACK} [1] **bold** {ATTACK}."])))
    complete = page(browser, question).content.decode()
    listed = browser.get(reverse("ask")).content.decode()
    for html in (waiting, complete, listed):
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "&lt;script&gt;alert(1)" in html
    assert "**bold**" in complete


def test_quotes_of_markdown_look_as_in_the_document(browser, notes, no_chat):
    text = "# Lamps\n\nThe [harbour lamp](https://x.example/lamp) is lit at dusk by the keeper."
    embedded(notes, {"lamps": text}, media_type="text/markdown")
    question = answer.ask(notes.owner, "When is the harbour lamp lit?", collection=notes)
    html = page(browser, question).content.decode()
    assert "The harbour lamp is lit at dusk by the keeper." in html
    assert answer.read(question).quotes[0].quote == text.split("\n\n")[1]


def test_page_is_not_kept_by_caches(browser, notes, no_chat):
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    assert "no-store" in page(browser, question)["Cache-Control"]
