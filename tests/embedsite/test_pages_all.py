"""Every page that links lead to: there, labelled, and without anything inline."""

import pytest

from tests.embedsite.pages import crawl, problems
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db
OTHERS = ("/admin/", "/api/", "/related/")  # the last is a fragment for other sites
TEXTS = {
    "harbour.txt": "A quiet morning in the harbour. Boats rest at the pier.",
    "boats.txt": "Boats leave the harbour in the morning.",
    "stars.txt": "Stars are far away and old.",
}


@pytest.fixture
def public():
    collection = CollectionFactory(public=True, name="Sea")
    embedded(collection, TEXTS)
    return collection


def test_pages_for_visitors_are_whole(client, public):
    seen = crawl(client, "/", but=OTHERS)
    assert {address: wrong for address, wrong in seen.items() if wrong} == {}
    assert {"/", "/c/", f"/c/{public.pk}/", "/search/", "/ask/"} <= set(seen)


def test_pages_for_a_user_are_whole(client, public):
    user = UserFactory()
    own = CollectionFactory(owner=user, name="Own")
    embedded(own, TEXTS)
    client.force_login(user)
    seen = crawl(client, "/", but=OTHERS)
    assert {address: wrong for address, wrong in seen.items() if wrong} == {}
    assert {f"/c/{own.pk}/add/", f"/c/{own.pk}/edit/", "/c/new/", "/account/tokens/"} <= set(seen)


def test_pages_of_an_empty_site_are_whole(client):
    client.force_login(UserFactory())
    seen = crawl(client, "/", but=OTHERS)
    assert {address: wrong for address, wrong in seen.items() if wrong} == {}


@pytest.mark.parametrize(
    ("fault", "page"),
    [
        ("2 of //h1", "<h1>a</h1><h1>b</h1>"),
        ("inline: ", '<h1>a</h1><p style="color: red">'),
        ("inline: ", "<h1>a</h1><script>alert()</script>"),
        ("inline script: ", '<h1>a</h1><p onclick="alert()">'),
        ("no label: ", '<h1>a</h1><input name="q">'),
        ("no name: ", '<h1>a</h1><a href="/"><img src="x" alt=""></a>'),
        ("id x stands", '<h1 id="x">a</h1><p id="x">'),
    ],
)
def test_a_faulty_page_is_found_out(fault, page):
    whole = f'<html lang="en"><head><title>t</title></head><body><main>{page}</main></body></html>'
    assert [wrong for wrong in problems(whole) if wrong.startswith(fault)] == problems(whole) != []
