"""Questions that follow each other: made to stand alone, shown together, deleted together."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from collections_app.models import ApiToken, Collection
from rag_app import answer
from rag_app.answer import chats
from rag_app.models import ChatModel, Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.chat_server import ChatServer, raw, streamed
from tests.rag_app.conftest import NOTES
from tests.rag_app.test_answering import QUESTION, asked
from tests.rag_app.test_api import client_of

pytestmark = pytest.mark.django_db

FOLLOW = "When is it copied to another machine?"
ALONE = "When is the sqlite backup copied to another machine?"
URL = "/api/questions/"


@pytest.fixture
def browser(notes):
    client = Client()
    client.force_login(notes.owner)
    return client


def follow(browser, question, text=FOLLOW, **more):
    place = reverse("question_follow", args=[question.pk])
    return browser.post(place, {"question": text, **more})


def test_without_a_chat_model_the_question_before_is_put_in_front(notes, no_chat):
    first = asked(notes)
    second = answer.ask(notes.owner, FOLLOW, after=first)
    assert (second.conversation, second.collection) == (first.conversation, notes)
    assert second.standalone == f"{QUESTION.rstrip('?')}: {FOLLOW}"
    assert second.answer.citations.first().document.external_id == "backup"


def test_a_question_that_stands_alone_stays_as_it_is(notes, no_chat):
    second = answer.ask(notes.owner, "How long does the bread dough rest?", after=asked(notes))
    assert second.standalone == ""


def test_the_chat_model_makes_it_stand_alone_and_answers_that(notes, chat_server):
    chat_server.reply = streamed("It runs nightly [1].")
    first = asked(notes)
    answer.write(first)
    chat_server.reply = streamed(ALONE)
    second = answer.ask(notes.owner, FOLLOW, after=first)
    told = chat_server.requests[-1]["messages"][1]["content"]
    assert f"user: {QUESTION}" in told
    assert "assistant: It runs nightly" in told
    assert second.standalone == ALONE
    chat_server.reply = streamed("Before sunrise [1].")
    answer.write(second)
    assert chat_server.requests[-1]["messages"][1]["content"].endswith(f"Question: {ALONE}")


def test_the_chosen_model_rewrites_within_its_own_limit(notes, chat_server, settings):
    settings.CHAT_CONTEXT_TOKENS = 100_000
    with ChatServer() as small:
        small.reply = streamed(ALONE)
        ChatModel.objects.create(
            name="small", backend="openai-compatible", ref="s", base_url=small.url,
            context_tokens=600,
        )  # fmt: skip
        earlier = [
            {"role": "user", "content": "boats " * 2000},
            {"role": "user", "content": QUESTION},
        ]
        assert answer.standalone(FOLLOW, earlier, "small") == ALONE
        [request] = small.requests
        assert sum(len(one["content"]) for one in request["messages"]) < 600 + 600
        tiny = ChatModel.objects.get(name="small")
        tiny.context_tokens = 250
        tiny.save()
        assert answer.standalone(FOLLOW, earlier, "small").startswith(QUESTION.rstrip("?"))
        assert len(small.requests) == 1
    assert chat_server.requests == []


def test_a_server_that_fails_leaves_the_question_before(notes, chat_server):
    first = asked(notes)
    chat_server.reply = raw("", "text/html", 500)
    second = answer.ask(notes.owner, FOLLOW, after=first)
    assert second.standalone.startswith(QUESTION.rstrip("?"))


def test_an_answer_that_may_not_be_seen_any_more_is_not_told_to_the_model(notes, chat_server):
    home = CollectionFactory(public=True)
    user = UserFactory()

    embedded(home, NOTES)
    chat_server.reply = streamed("Zanzibar [1].")
    first = answer.ask(user, QUESTION)
    answer.write(first)
    Collection.objects.filter(pk=home.pk).update(visibility="private")
    answer.ask(user, FOLLOW, after=Question.objects.get(pk=first.pk))
    assert "Zanzibar" not in str(chat_server.requests[-1])


def test_the_page_asks_on_and_keeps_the_turns_before_in_sight(browser, notes, no_chat):
    first = asked(notes)
    html = browser.get(first.get_absolute_url()).content.decode()
    assert "Ask on" in html
    response = follow(browser, first)
    second = Question.objects.exclude(pk=first.pk).get()
    assert response["Location"] == second.get_absolute_url()
    html = browser.get(second.get_absolute_url()).content.decode()
    assert "Understood as:" in html
    assert f'<a href="{first.get_absolute_url()}">{QUESTION}</a>' in html
    assert html.index("Run the sqlite backup") < html.index("Understood as:")
    html = browser.get(first.get_absolute_url()).content.decode()
    assert "Asked after it" in html
    assert second.get_absolute_url() in html


def test_what_is_wrong_with_a_follow_up_is_told_with_its_text_kept(browser, notes, no_chat):
    first = asked(notes)
    response = follow(browser, first, "")
    assert response.status_code == 422
    assert "Write a question first." in response.content.decode()
    response = follow(browser, first, "w" * 5000)
    assert "The most is 4000" in response.content.decode() or "the most is 4000" in (
        response.content.decode()
    )
    assert "wwwww" in response.content.decode()


def test_the_link_to_a_conversation_leads_to_its_last_question(browser, notes, no_chat):
    first = asked(notes)
    second = answer.ask(notes.owner, FOLLOW, after=first)
    for one in (first, second):
        response = browser.get(reverse("conversation", args=[one.pk]))
        assert response["Location"] == second.get_absolute_url()


def test_history_has_each_conversation_once(browser, notes, no_chat, count_queries):
    first = asked(notes)
    answer.ask(notes.owner, FOLLOW, after=first)
    asked(notes, "Does the harbour flood twice a day?")
    html = browser.get(reverse("ask")).content.decode()
    assert html.count('class="row__title"') == 2
    assert "2 questions, the last: When is it copied" in html
    before = count_queries(lambda: browser.get(reverse("ask")))
    answer.ask(notes.owner, "And how is it run?", after=first)
    assert count_queries(lambda: browser.get(reverse("ask"))) == before


def test_deleting_a_question_leaves_the_others_and_a_conversation_goes_whole(
    browser, notes, no_chat
):
    first = asked(notes)
    second = answer.ask(notes.owner, FOLLOW, after=first)
    other = asked(notes)
    browser.post(reverse("question_delete", args=[first.pk]))
    assert browser.get(second.get_absolute_url()).status_code == 200
    third = answer.ask(notes.owner, FOLLOW, after=second)
    response = browser.post(reverse("conversation_delete", args=[third.pk]), follow=True)
    assert "The conversation is deleted: 2 questions" in response.content.decode()
    assert list(Question.objects.all()) == [other]


def test_a_conversation_of_others_is_not_there(notes, no_chat, client):
    first = asked(notes)
    stranger = UserFactory()
    client.force_login(stranger)
    for name in ("question_follow", "conversation_delete"):
        assert client.post(reverse(name, args=[first.pk])).status_code == 404
    assert client.get(reverse("conversation", args=[first.pk])).status_code == 404
    assert Question.objects.count() == 1


def test_the_api_asks_on_shows_and_deletes(notes, no_chat):
    api = client_of(notes.owner)
    first = api.post(URL, {"question": QUESTION, "collection": notes.pk}, format="json").json()
    second = api.post(URL, {"question": FOLLOW, "after": first["id"]}, format="json").json()
    assert (second["conversation"], second["collection"]) == (first["conversation"], notes.pk)
    assert second["standalone"].endswith(FOLLOW)
    turns = api.get(f"{URL}{second['id']}/conversation/").json()
    assert [one["id"] for one in turns] == [first["id"], second["id"]]
    reader = client_of(notes.owner, ApiToken.Scope.READ)
    assert reader.delete(f"{URL}{second['id']}/conversation/").status_code == 403
    assert api.delete(f"{URL}{second['id']}/conversation/").status_code == 204
    assert not Question.objects.exists()
    for after in (first["id"], str(uuid.uuid4())):
        response = api.post(URL, {"question": FOLLOW, "after": after}, format="json")
        assert response.status_code == 404


def test_the_api_does_not_follow_what_another_asked(notes, no_chat):
    theirs = asked(notes)
    api = client_of(UserFactory())
    response = api.post(URL, {"question": FOLLOW, "after": str(theirs.pk)}, format="json")
    assert response.status_code == 404


def test_a_collection_that_became_private_is_not_asked_on(no_chat):
    home = CollectionFactory(public=True)
    first = answer.ask(UserFactory(), QUESTION, collection=home)
    Collection.objects.update(visibility="private")
    with pytest.raises(chats.Rejected, match="There is no such collection"):
        answer.ask(first.user, FOLLOW, after=first)
