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


# --- a whole conversation -------------------------------------------------------------


@pytest.fixture
def talked(no_chat):
    """Three turns, the middle one of them over a collection of its own."""
    open_, other = CollectionFactory(public=True), CollectionFactory(public=True)
    embedded(open_, NOTES)
    embedded(other, {"vault": "The vault is opened at nine. Its sqlite backup stays inside."})
    first = answer.ask(open_.owner, QUESTION, collection=open_)
    second = answer.ask(open_.owner, "When is the vault opened?", collection=other, after=first)
    third = answer.ask(open_.owner, "How is bread dough made?", collection=open_, after=second)
    return first, second, third


def page_of(question, client=None):
    return (client or Client()).get(question.get_absolute_url())


def test_a_conversation_is_shared_up_to_a_question_and_taken_back(talked):
    first, second, third = talked
    own = logged_in(first.user)
    assert "Share the conversation up to here" not in page_of(first, own).content.decode()
    assert "Share the conversation up to here" in page_of(second, own).content.decode()
    told = share(own, second, "conversation").content.decode()
    assert "What you ask on is not, until you share it." in told
    html = page_of(second).content.decode()
    assert "Run the sqlite backup command every night." in html
    assert "The vault is opened at nine." in html
    assert third.text not in html
    assert page_of(first).status_code == 200  # the turns themselves, as the page links them
    assert page_of(third).status_code == 404
    assert "up to a later question" in page_of(first, own).content.decode()
    share(own, second, "0")
    for one in talked:
        assert page_of(one).status_code == 404


def test_one_answer_that_is_shared_shows_no_other(talked):
    first, second, third = talked
    own = logged_in(first.user)
    share(own, first)
    share(own, third)
    html = page_of(third).content.decode()
    assert first.text not in html
    assert second.text not in html
    assert page_of(second).status_code == 404


def test_turns_of_a_shared_conversation_show_what_their_reader_may_see(talked):
    first, second, third = talked
    Question.objects.filter(pk=third.pk).update(standalone="understood with vault words")
    share(logged_in(first.user), third, "conversation")
    assert "understood with vault words" in page_of(third).content.decode()
    Collection.objects.filter(pk=second.collection_id).update(visibility="private")
    html = page_of(third).content.decode()
    assert "Run the sqlite backup command every night." in html
    assert "The vault is opened at nine." not in html
    assert "understood with vault words" not in html
    assert "so it is not shown" in html
    second.delete()
    assert second.text not in page_of(third).content.decode()


def test_understood_as_is_not_told_of_one_answer_alone(browser, notes, no_chat):
    Collection.objects.update(visibility="public")
    made = asked(notes)
    Question.objects.update(standalone="words of another answer")
    share(browser, made)
    assert "words of another answer" not in page_of(made).content.decode()


def test_what_is_cited_in_a_shared_conversation_opens_as_it_was(talked):
    first, second, _third = talked
    share(logged_in(first.user), second, "conversation")
    place = reverse("citation", args=[first.pk, 1])
    assert Client().get(place).status_code == 302
    first.collection.documents.filter(external_id="backup").update(text="Other words.")
    was = Client().get(place)
    assert "sqlite backup" in was.content.decode()
    assert "noindex" in was["X-Robots-Tag"]
    share(logged_in(first.user), second, "0")
    assert Client().get(place).status_code == 404


def test_the_api_shares_a_conversation_for_its_asker_alone(talked):
    first, second, _third = talked
    place = f"/api/questions/{second.pk}/share/"
    for client in (client_of(UserFactory()), Client()):
        assert client.post(place, {"conversation": True}).status_code in (401, 403, 404)
    api = client_of(first.user)
    made = api.post(place, {"conversation": True}, format="json").json()
    assert (made["shared"], made["shared_conversation"]) == (True, True)
    assert first.text in page_of(second).content.decode()
    made = api.post(place).json()  # the answer alone again
    assert (made["shared"], made["shared_conversation"]) == (True, False)
    assert page_of(first).status_code == 404
    made = api.delete(place).json()
    assert (made["shared"], made["shared_conversation"]) == (False, False)
    assert api.post(place, {"conversation": "perhaps"}, format="json").status_code == 400


def test_a_shared_page_is_kept_and_found_by_nobody(talked):
    first, second, _third = talked
    share(logged_in(first.user), second, "conversation")
    made = page_of(second)
    assert "noindex" in made["X-Robots-Tag"]
    assert made["Referrer-Policy"] == "same-origin"
    assert "no-store" in made["Cache-Control"]
    for name in ("question_stream", "question_prompt", "conversation"):
        assert Client().get(reverse(name, args=[second.pk])).status_code == 404
    assert Client().get(f"/q/{second.conversation}/").status_code == 404
    assert Client().get(f"/api/questions/{second.pk}/").status_code in (403, 404)
