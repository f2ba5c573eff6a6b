"""The related list for other sites: what it shows, to whom, from which cache."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app.models import Collection
from tests.factories import DocumentFactory
from tests.search_app.rows import public_documents, relate

pytestmark = pytest.mark.django_db

KINDS = ["/", ".json"]


@pytest.fixture
def documents():
    made = public_documents(12)
    relate(made[0], made[1:11])
    return made


def get(client, document, kind, query="", **headers):
    return client.get(f"/related/{document.pk}{kind}{query}", headers=headers)


def test_widget_links_to_the_related_documents(client, documents):
    shown = get(client, documents[0], "/").text
    links = [f'<a href="http://testserver/d/{one.pk}/" target="_top">' for one in documents]
    assert [link in shown for link in links] == [False] + [True] * 10 + [False]
    assert "<script" not in shown
    assert "style=" not in shown


def test_json_lists_the_related_documents(client, documents):
    found = get(client, documents[0], ".json").json()
    assert len(found) == 10
    assert found[0] == {
        "id": documents[1].pk,
        "external_id": documents[1].external_id,
        "title": documents[1].title,
        "url": f"http://testserver/d/{documents[1].pk}/",
        "score": 0.95,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_private_documents_are_not_there_even_for_their_owner(client, kind):
    document = DocumentFactory()
    relate(document, [DocumentFactory(collection=document.collection)])
    client.force_login(document.collection.owner)
    assert get(client, document, kind).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_list_goes_when_the_collection_becomes_private(client, documents, kind):
    etag = get(client, documents[0], kind)["ETag"]
    Collection.objects.update(visibility="private")
    assert get(client, documents[0], kind, **{"If-None-Match": etag}).status_code == 404


def test_nothing_related_is_left_out(client):
    [document] = public_documents(1)
    shown = get(client, document, "/")
    assert shown.status_code == 200
    assert shown.text.split("<body>")[1].split("</body>")[0].strip() == ""
    assert get(client, document, ".json").json() == []


def test_number_of_entries(client, documents):
    assert len(get(client, documents[0], ".json", "?n=3").json()) == 3
    assert get(client, documents[0], "/", "?n=3").text.count("<li>") == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", ["0", "11", "x", "", "1.5", "-1", "9" * 5000, "%00"])
def test_other_numbers_are_refused(client, documents, kind, n):
    response = get(client, documents[0], kind, f"?n={n}")
    assert response.status_code == 400
    assert response.text == "n must be a whole number from 1 to 10."
    assert response["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("kind", KINDS)
def test_answer_is_kept_and_asked_for_again_cheaply(client, documents, kind):
    first = get(client, documents[0], kind)
    assert first["Cache-Control"] == "public, no-cache"
    assert "Cookie" not in first["Vary"]
    assert first.cookies == {}
    again = get(client, documents[0], kind, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Cache-Control"] == "public, no-cache"
    documents[1].title = "New"
    documents[1].save()
    changed = get(client, documents[0], kind, **{"If-None-Match": first["ETag"]})
    assert changed.status_code == 200


def test_any_site_may_frame_the_widget_and_nothing_else(client, documents):
    widget, data, page = (
        get(client, documents[0], "/"),
        get(client, documents[0], ".json"),
        client.get(documents[0].get_absolute_url()),
    )
    assert "frame-ancestors *" in widget["Content-Security-Policy"]
    assert "script-src 'self'" in widget["Content-Security-Policy"]
    assert "X-Frame-Options" not in widget
    for other in (data, page):
        assert "frame-ancestors 'none'" in other["Content-Security-Policy"]
        assert other["X-Frame-Options"] == "DENY"


def test_any_site_may_read_the_json_without_cookies(client, documents):
    response = get(client, documents[0], ".json", Origin="https://example.org")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response
    page = client.get(documents[0].get_absolute_url(), headers={"Origin": "https://example.org"})
    assert "Access-Control-Allow-Origin" not in page


def test_titles_are_text(client):
    documents = public_documents(2, title="<img src=x onerror=alert(1)>")
    relate(documents[0], documents[1:])
    shown = get(client, documents[0], "/").text
    assert "<img" not in shown
    assert "&lt;img src=x" in shown


@pytest.mark.parametrize("kind", KINDS)
def test_cost_is_two_queries(client, documents, kind):
    relate(documents[1], documents[2:3])
    for document in documents[:2]:
        with CaptureQueriesContext(connection) as queries:
            get(client, document, kind)
        assert len(queries) == 2
