"""The home page: what a newcomer sees, and what the site runs on."""

from urllib.parse import quote

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from collections_app.demo.searches import COLLECTION, EXAMPLES
from tests.factories import CollectionFactory, DocumentFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_home_of_an_empty_site_tells_a_visitor_to_log_in(client):
    response = client.get("/")
    assert response.status_code == 200
    assert "Nothing public here yet" in response.text
    assert 'href="/account/login/"' in response.text
    assert 'id="home-q"' not in response.text  # there is nothing to search


def test_home_of_an_empty_site_leads_a_user_to_a_first_collection(client):
    client.force_login(UserFactory())
    response = client.get("/")
    assert "This site is empty" in response.text
    assert 'href="/c/new/"' in response.text


def test_home_shows_visible_collections_with_their_sizes(client):
    user = UserFactory()
    own = CollectionFactory(owner=user, name="My notes")
    DocumentFactory.create_batch(2, collection=own)
    CollectionFactory(public=True, name="Shared")
    CollectionFactory(name="Somebody's diary")
    client.force_login(user)
    response = client.get("/")
    sizes = {collection.name: collection.size for collection in response.context["collections"]}
    assert sizes == {"My notes": 2, "Shared": 0}
    assert "diary" not in response.text


def test_home_shows_a_visitor_public_collections_only(client):
    CollectionFactory(public=True, name="Shared")
    CollectionFactory(name="Somebody's diary")
    assert [c.name for c in client.get("/").context["collections"]] == ["Shared"]


def test_home_offers_example_searches_beside_the_demo(client):
    CollectionFactory(public=True, name="Shared")
    assert client.get("/").context["examples"] == []
    demo = CollectionFactory(public=True, name=COLLECTION)
    response = client.get("/")
    assert response.context["examples"] == EXAMPLES
    first = quote(EXAMPLES[0])
    assert f"/search/?q={first}&amp;c={demo.pk}" in response.text


def test_home_shows_six_collections_and_a_link_to_more(client):
    CollectionFactory.create_batch(6, public=True)
    assert client.get("/").context["more"] is False
    CollectionFactory(public=True, name="Newest")
    response = client.get("/")
    assert len(response.context["collections"]) == 6
    assert response.context["collections"][0].name == "Newest"
    assert "All collections" in response.text


@pytest.mark.parametrize("logged_in", [False, True])
def test_home_asks_the_database_as_often_for_three_collections_as_for_one(client, logged_in):
    user = UserFactory()
    if logged_in:
        client.force_login(user)
    counts = []
    for more in (1, 2):
        for collection in CollectionFactory.create_batch(more, public=True, owner=user):
            DocumentFactory(collection=collection)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/")
        counts.append(len(queries))
    assert counts == ([6, 6] if logged_in else [4, 4])  # two for session and user


def test_home_says_that_redis_is_away(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    response = client.get("/")
    assert response.status_code == 200
    states = {part.key: part.ok for part in response.context["parts"]}
    assert states == {"database": True, "broker": False, "worker": False, "model": True}
    assert "uploads are kept and wait" in response.text
    assert response.text.count('class="is-bad"') == 2


def test_home_without_a_database_is_a_page_that_says_so(client, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/")
    assert response.status_code == 503
    assert response["Retry-After"] == "10"
    assert "The database does not answer" in response.text
    assert response.text.count('class="is-bad"') >= 2  # database and model
