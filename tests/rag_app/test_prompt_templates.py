"""The prompt of a collection: edited, checked, tried, sent and reset."""

import pytest
from django.test import Client
from django.urls import reverse

from collections_app.services import Rejected
from rag_app import answer
from rag_app.answer import templates
from rag_app.language.prompts import MESSAGE, SYSTEM, Template
from rag_app.models import Answer, PromptTemplate, Question
from tests.factories import CollectionFactory, UserFactory
from tests.rag_app.test_answering import QUESTION, asked
from tests.rag_app.test_api import client_of

pytestmark = pytest.mark.django_db

OWN = "You answer as a harbour master. {delimiters} Cite like [1]."
BODY = "{passages}\n\nAsked on {today}: {question}"


@pytest.fixture
def browser(notes):
    client = Client()
    client.force_login(notes.owner)
    return client


def post(browser, home, do, system=OWN, message=BODY, **more):
    place = reverse("collection_prompt", args=[home.pk])
    return browser.post(place, {"do": do, "system": system, "message": message, **more})


def test_a_template_is_sent_as_it_is_shown(browser, notes, chat_server):
    assert post(browser, notes, "save").status_code == 302
    made = asked(notes)
    answer.write(made)
    system, message = (one["content"] for one in chat_server.requests[0]["messages"])
    assert system.startswith("You answer as a harbour master. They stand between lines")
    assert message.endswith(f": {QUESTION}")
    made = Question.objects.select_related("answer").get(pk=made.pk)
    templates.save(notes, "Others. {delimiters}", BODY)  # what was sent is shown as it was
    assert answer.sent(made).messages == chat_server.requests[0]["messages"]


def test_it_counts_where_the_collection_alone_is_asked(notes, chat_server):
    templates.save(notes, OWN, BODY)
    other = answer.ask(notes.owner, QUESTION)
    assert "harbour master" not in answer.sent(other).messages[0]["content"]
    assert other.answer.template == {}


def test_a_role_without_a_place_comes_first(notes, chat_server):
    templates.save(notes, OWN, BODY)
    made = answer.ask(notes.owner, QUESTION, collection=notes, role="You rhyme.")
    assert answer.sent(made).messages[0]["content"].startswith("You rhyme.\n\nYou answer as")


@pytest.mark.parametrize(
    ("system", "message", "told"),
    [
        ("{nope} {delimiters}", BODY, "{nope}: no such placeholder here"),
        (OWN, "{passages} {question} {role}", "{role}: no such placeholder here"),
        ("Plain.", BODY, "{delimiters} must be there, once"),
        (OWN, "{question}", "{passages} must be there, once"),
        (OWN, "{passages}{passages}{question}", "{passages} must be there, once"),
        ("w" * 9000, BODY, "Each part can have 8000 characters."),
    ],
)
def test_what_cannot_be_sent_is_refused(browser, notes, chat_server, system, message, told):
    with pytest.raises(Rejected) as caught:
        templates.checked(system, message)
    assert told in str(caught.value)
    response = post(browser, notes, "save", system, message)
    assert response.status_code == 422
    assert not PromptTemplate.objects.exists()


def test_braces_that_are_no_placeholder_are_text():
    template = templates.checked('{delimiters} {"a": 1} {}', "{passages} {question}")
    assert template.unknown() == []


def test_what_is_put_in_is_not_looked_through(notes, chat_server):
    made = answer.ask(notes.owner, f"{QUESTION} {{passages}} {{delimiters}}", collection=notes)
    message = answer.sent(made).messages[1]["content"]
    assert message.endswith("{passages} {delimiters}")
    assert message.count("=== end of passages") == 1


def test_the_page_tries_it_without_keeping_it(browser, notes, chat_server):
    html = post(browser, notes, "preview", question=QUESTION).content.decode()
    assert "You answer as a harbour master. They stand between lines" in html
    assert not PromptTemplate.objects.exists()
    assert not Question.objects.exists()
    assert chat_server.requests == []
    html = post(browser, notes, "preview", question="").content.decode()
    assert "Write a question first." in html


def test_resetting_brings_back_the_words_of_the_site(browser, notes):
    post(browser, notes, "save")
    assert (
        "words of your own"
        in browser.get(reverse("collection_prompt", args=[notes.pk])).content.decode()
    )
    post(browser, notes, "reset")
    assert templates.template_of(notes) == Template() == Template(SYSTEM, MESSAGE)
    post(browser, notes, "save", SYSTEM, MESSAGE)
    assert not PromptTemplate.objects.exists()


def test_only_editors_see_and_change_it(notes):
    home = CollectionFactory(public=True)
    stranger = Client()
    stranger.force_login(UserFactory())
    for client in (stranger, Client()):
        assert client.get(reverse("collection_prompt", args=[home.pk])).status_code == 404
        assert post(client, home, "save").status_code == 404
    api = client_of(UserFactory())
    assert api.get(f"/api/collections/{home.pk}/prompt/").status_code == 404
    assert api.put(f"/api/collections/{home.pk}/prompt/", {}).status_code == 404


def test_the_api_reads_writes_and_resets(notes):
    api, place = client_of(notes.owner), f"/api/collections/{notes.pk}/prompt/"
    assert api.get(place).json() == {"system": SYSTEM, "message": MESSAGE}
    sent = {"system": OWN, "message": BODY}
    assert api.put(place, sent, format="json").json() == sent
    bad = api.put(place, sent | {"system": "{nope}"}, format="json")
    assert (bad.status_code, "no such placeholder" in bad.json()["detail"]) == (400, True)
    assert api.delete(place).status_code == 204
    assert api.get(place).json()["system"] == SYSTEM
    assert not Answer.objects.exists()
