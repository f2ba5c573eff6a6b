"""Answers shared by link, copied with their sources, and judged by thumbs."""

import pytest
from django.test import Client
from django.urls import reverse

from collections_app.models import Collection
from rag_app import answer
from rag_app.models import Question
from search_app.models import JudgedQuery, Judgement
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.chat_server import streamed
from tests.rag_app.conftest import NOTES
from tests.rag_app.test_answering import QUESTION, asked
from tests.rag_app.test_api import client_of

pytestmark = pytest.mark.django_db


def logged_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser(notes):
    return logged_in(notes.owner)


def share(browser, question, yes="1"):
    return browser.post(reverse("question_share", args=[question.pk]), {"share": yes}, follow=True)


def say(browser, question, word):
    place = reverse("question_thumb", args=[question.pk])
    return browser.post(place, {"say": word}, follow=True)


def test_nobody_reads_it_until_it_is_shared_and_nobody_once_that_has_ended(browser, no_chat):
    home = CollectionFactory(public=True)
    embedded(home, NOTES)
    browser.post(reverse("ask"), {"question": QUESTION, "collection": home.pk})
    made = Question.objects.get()
    place = made.get_absolute_url()
    assert Client().get(place).status_code == 404
    assert f"http://testserver{place}" in share(browser, made).content.decode()
    for client in (Client(), logged_in(UserFactory())):
        html = client.get(place).content.decode()
        assert "Run the sqlite backup command every night." in html
        assert "Ask on" not in html
        for name in ("question_retry", "question_delete", "question_share", "question_follow"):
            assert client.post(reverse(name, args=[made.pk])).status_code == 404
    share(browser, made, "0")
    assert Client().get(place).status_code == 404


def test_a_reader_sees_what_the_reader_may_see(browser, notes, no_chat):
    made = asked(notes)
    share(browser, made)
    html = Client().get(made.get_absolute_url()).content.decode()
    assert QUESTION in html
    assert "sqlite backup command" not in html
    assert "documents that you may not see" in html


def test_a_written_answer_is_shown_whole_or_not_at_all(chat_server):
    home = CollectionFactory(public=True)
    embedded(home, NOTES)
    made = answer.ask(home.owner, QUESTION, collection=home)
    chat_server.reply = streamed("The backup is copied to another machine before sunrise [1].")
    answer.write(made)
    Question.objects.update(shared=True)
    place = made.get_absolute_url()
    assert "copied to another machine" in Client().get(place).content.decode()
    citation = reverse("citation", args=[made.pk, 1])
    assert Client().get(citation).status_code == 302
    Collection.objects.update(visibility="private")
    html = Client().get(place).content.decode()
    assert "copied to another machine" not in html
    assert Client().get(citation).status_code == 404


def test_the_answer_is_copied_with_its_sources(browser, notes, no_chat):
    made = asked(notes)
    html = browser.get(made.get_absolute_url()).content.decode()
    first = answer.read(made).quotes[0]
    assert f"[1] backup — http://testserver/d/{first.document_id}/?start=" in html
    assert "before sunrise.” [1]" in html
    copied = client_of(notes.owner).get(f"/api/questions/{made.pk}/").json()["copied"]
    assert "Sources:\n[1] backup — http://testserver/d/" in copied


def test_thumbs_become_a_judged_query_and_are_taken_back(browser, notes, no_chat):
    made = asked(notes)
    html = say(browser, made, "up").content.decode()
    assert "Press it again to take it back" in html
    query = JudgedQuery.objects.get()
    assert (query.text, query.source, query.collection) == (QUESTION, "thumbs", notes)
    assert {one.grade for one in query.judgements.all()} == {2}
    say(browser, made, "down")
    assert {one.grade for one in Judgement.objects.all()} == {0}
    say(browser, made, "none")
    assert not JudgedQuery.objects.exists()


def test_thumbs_that_say_nothing_are_told(browser, notes, no_chat):
    assert "Say up, down or none." in say(browser, asked(notes), "sideways").content.decode()
    nothing = asked(notes, "zebra quasar?")
    assert "cites nothing" in say(browser, nothing, "up").content.decode()


def test_the_api_shares_and_judges(notes, no_chat):
    made = asked(notes)
    api, place = client_of(notes.owner), f"/api/questions/{made.pk}/"
    assert api.post(f"{place}share/").json()["shared"] is True
    assert api.delete(f"{place}share/").json()["shared"] is False
    assert api.post(f"{place}thumb/", {"say": "up"}, format="json").status_code == 204
    assert JudgedQuery.objects.get().text == QUESTION
    assert api.post(f"{place}thumb/", {"say": "x"}, format="json").status_code == 400
    assert api.post(f"{place}thumb/", {"say": "none"}, format="json").status_code == 204
    assert not JudgedQuery.objects.exists()
    other = client_of(UserFactory())
    for name in ("share", "thumb"):
        assert other.post(f"{place}{name}/", {"say": "up"}, format="json").status_code == 404


def test_regenerating_asks_the_model_once_more(browser, notes, chat_server):
    chat_server.reply = streamed("One [1].")
    made = asked(notes)
    answer.write(made)
    assert "Regenerate" in browser.get(made.get_absolute_url()).content.decode()
    chat_server.reply = streamed("Two [1].")
    browser.post(reverse("question_retry", args=[made.pk]))
    browser.get(made.get_absolute_url(), {"wait": "1"})
    assert answer.read(Question.objects.get(pk=made.pk)).text.startswith("Two ")
