"""Questions to several collections: by the page, the API and the command."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from collections_app.models import Collection
from collections_app.services import Rejected
from rag_app import answer
from rag_app.models import Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.conftest import NOTES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_chat")]

QUESTION = "Where does the sqlite backup run, the dough rest and the harbour flood?"


@pytest.fixture
def owner():
    return UserFactory(username="owner")


@pytest.fixture
def homes(owner):
    """A collection for each note, named after it."""
    made = [CollectionFactory(owner=owner, name=name) for name in NOTES]
    for home, (name, text) in zip(made, NOTES.items(), strict=True):
        embedded(home, {name: text})
    return made


@pytest.fixture
def browser(owner):
    client = Client()
    client.force_login(owner)
    return client


def titles(question):
    return {str(one.document) for one in answer.read(question).citations}


def test_those_are_asked_and_no_others(owner, homes):
    asked = answer.ask(owner, QUESTION, among=homes[:2])
    assert (asked.collection, asked.among) == (None, sorted(one.pk for one in homes[:2]))
    assert titles(asked) == {"backup", "bread"}
    assert titles(answer.retry(Question.objects.get())) == {"backup", "bread"}
    assert titles(answer.ask(owner, QUESTION)) == set(NOTES)


def test_one_of_several_is_the_one(owner, homes):
    asked = answer.ask(owner, QUESTION, among=[homes[1], homes[1]])
    assert (asked.collection, asked.among, titles(asked)) == (homes[1], [], {"bread"})


def test_one_that_may_not_be_seen_is_refused_and_one_that_goes_is_left_out(owner, homes):
    theirs = CollectionFactory(public=True)
    embedded(theirs, {"x": NOTES["backup"]})
    asked = answer.ask(owner, QUESTION, among=[homes[1], theirs])
    assert titles(asked) == {"bread", "x"}
    Collection.objects.filter(pk=theirs.pk).update(visibility="private")
    assert titles(answer.retry(asked)) == {"bread"}
    with pytest.raises(Rejected, match="no such collection"):
        answer.ask(owner, QUESTION, among=[homes[1], theirs])


def test_page_takes_several_and_leads_back_to_them(browser, homes):
    page = browser.get("/ask/").text
    assert "Several collections" in page
    chosen = [one.pk for one in homes[:2]]
    response = browser.post(
        "/ask/", {"question": QUESTION, "collection": homes[2].pk, "among": chosen}
    )
    asked = Question.objects.get()
    assert (response.url, asked.among) == (asked.get_absolute_url(), sorted(chosen))
    shown = browser.get(response.url).text
    for home in homes[:2]:
        assert f'<a href="{home.get_absolute_url()}">{home.name}</a>' in shown
    assert f'href="/ask/?c={chosen[0]}&amp;c={chosen[1]}"' in shown
    again = browser.get("/ask/", {"c": chosen}).text
    assert again.count(" checked") == 2
    assert "2 collections · " in again


def test_page_refuses_what_may_not_be_seen(browser, homes):
    theirs = CollectionFactory()
    response = browser.post("/ask/", {"question": QUESTION, "among": [homes[0].pk, theirs.pk]})
    assert response.status_code == 422
    assert not Question.objects.exists()
    assert browser.get("/ask/", {"c": [str(theirs.pk), "x", "9" * 30]}).status_code == 200


def test_few_collections_need_no_such_choice(client):
    CollectionFactory(public=True)
    assert "Several collections" not in client.get("/ask/").text


def test_name_of_a_collection_that_became_private_is_not_told(browser, homes, owner):
    theirs = CollectionFactory(public=True, name="zyxomma")
    asked = answer.ask(owner, QUESTION, among=[homes[0], theirs])
    assert "zyxomma" in browser.get(asked.get_absolute_url()).text
    Collection.objects.filter(pk=theirs.pk).update(visibility="private")
    assert "zyxomma" not in browser.get(asked.get_absolute_url()).text


def test_api_takes_several(browser, homes):
    def post(**values):
        body = {"question": QUESTION} | values
        return browser.post("/api/questions/", body, content_type="application/json")

    made = post(collections=[one.pk for one in homes[:2]])
    assert (made.status_code, made.json()["collection"]) == (201, None)
    assert made.json()["collections"] == sorted(one.pk for one in homes[:2])
    assert {one["title"] for one in made.json()["citations"]} == {"backup", "bread"}
    [row] = browser.get("/api/questions/").json()["results"]
    assert row["collections"] == made.json()["collections"]
    for values in (
        {"collections": [CollectionFactory().pk]},
        {"collections": ["x"]},
        {"collections": [homes[0].pk] * 101},
        {"collections": [homes[0].pk], "collection": homes[1].pk},
    ):
        refused = post(**values)
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["collections"])


def test_command_takes_several(homes, capsys):
    names = [word for one in homes[:2] for word in ("-c", one.name)]
    call_command("ask", QUESTION, *names, "--owner", "owner", "--json")
    told = json.loads(capsys.readouterr().out)
    assert {one["title"] for one in told["citations"]} == {"backup", "bread"}
    with pytest.raises(CommandError):
        call_command("ask", QUESTION, "-c", "nothing", "--owner", "owner")
