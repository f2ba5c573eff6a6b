"""`manage.py search`: what the search page finds, in the terminal."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from search_app.related import refresh
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection():
    owner = UserFactory(username="ada")
    made = CollectionFactory(name="Notes", owner=owner)
    embedded(made, {"a": "The harbour at dawn."}, metadata={"year": 2001})
    embedded(made, {"b": "Bread with butter."}, metadata={"year": 2011})
    return made


def run(*words):
    out = StringIO()
    call_command("search", *words, user="ada", stdout=out)
    return out.getvalue()


def test_hits_are_printed_best_first(collection):
    lines = run("harbour dawn", "-c", "Notes").splitlines()
    assert lines[0] == "2 of 2"
    assert lines[1].startswith("1. a (")
    assert lines[1].endswith(") Notes/a")
    assert lines[2] == "   The harbour at dawn."


def test_near_duplicates_stand_under_the_best(collection):
    embedded(collection, {"copy": "The harbour at dawn."})
    refresh(collection.pk)
    assert "   near duplicates: copy" in run("harbour dawn").splitlines()


def test_json_is_what_the_api_answers(client, collection):
    client.force_login(collection.owner)
    asked = {"filter": ["year:2000..2020"], "sort": "-year", "limit": 1}
    printed = json.loads(run("--filter", "year:2000..2020", "--sort=-year", "--limit=1", "--json"))
    assert printed == client.get("/api/search/", asked).json()
    assert [hit["document"]["external_id"] for hit in printed["hits"]] == ["b"]
    assert printed["total"] == 2


def test_what_the_user_may_not_see_is_not_found(collection):
    private = CollectionFactory(name="Secret")
    embedded(private, {"secret": "The harbour at night."})
    assert "secret" not in run("harbour")
    with pytest.raises(CommandError, match="ada sees no collection 'Secret'"):
        run("harbour", "-c", "Secret")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "There is nothing to search for"),
        (["a", "--limit=0"], "The limit must be from 1 to 1000"),
        (["a", "--filter=nothing"], "is no filter"),
        (["a", "--sort=nothing"], "Nothing here has a number or a date"),
    ],
)
def test_what_cannot_be_searched_for_is_said(collection, words, message):
    with pytest.raises(CommandError, match=message):
        run(*words)


def test_nothing_found_is_said(collection):
    assert run("--filter", "year:1900") == "Nothing found.\n"
