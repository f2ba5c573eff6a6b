"""The related list for other sites: what it shows, to whom, from which cache."""

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app.models import Collection
from search_app import related
from tests.factories import CollectionFactory, DocumentFactory, UserFactory, embedded
from tests.search_app.rows import public_documents, relate

pytestmark = pytest.mark.django_db

KINDS = ["/", ".html", ".json"]
PAGE = "https://www.example.org/notes/boats"


@pytest.fixture
def documents():
    made = public_documents(12)
    relate(made[0], made[1:11])
    return made


@pytest.fixture
def pages():
    """Three documents that came from pages of another site, the first related to the others."""
    home = CollectionFactory(public=True)
    made = [
        DocumentFactory(collection=home, title=f"Page {n}", metadata={"url": f"{PAGE}/{n}/"})
        for n in range(3)
    ]
    relate(made[0], made[1:])
    return made


def get(client, document, kind, query="", **headers):
    return client.get(f"/related/{document.pk}{kind}{query}", headers=headers)


def at(client, collection, kind, url, **headers):
    return client.get(f"/related/c/{collection.pk}{kind}", {"url": url}, headers=headers)


def test_widget_links_to_the_related_documents(client, documents):
    shown = get(client, documents[0], "/").text
    links = [f'<a href="http://testserver/d/{one.pk}/" target="_top">' for one in documents]
    assert [link in shown for link in links] == [False] + [True] * 10 + [False]
    assert "<script" not in shown
    assert "style=" not in shown


def test_html_is_the_list_alone(client, documents):
    shown = get(client, documents[0], ".html").text
    assert shown.strip().startswith('<section class="embedsite-related"')
    assert shown.strip().endswith("</section>")
    assert shown.count("<li>") == 10
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
        "source": "",
        "score": 0.95,
        "shares": [],
    }


def test_words_in_common_are_told(client):
    home = CollectionFactory(public=True)
    rows = embedded(
        home,
        {
            "a": "Backups of sqlite3 files in the harbour.",
            "b": "Nightly backups with sqlite3.",
            "c": "The harbour in the morning.",
        },
    )
    related.refresh(home.pk)
    found = {one["external_id"]: one["shares"] for one in get(client, rows[0], ".json").json()}
    assert set(found["b"]) == {"Backups", "sqlite3"}
    assert found["c"] == ["harbour"]
    assert "shares: harbour" in get(client, rows[0], ".html").text


def test_words_in_common_take_two_statements_and_are_remembered(client, django_assert_num_queries):
    home = CollectionFactory(public=True)
    rows = embedded(home, {"a": "Backups in the harbour.", "b": "Nightly backups."})
    related.refresh(home.pk)
    with django_assert_num_queries(3):
        assert get(client, rows[0], ".json").json()[0]["shares"] == ["Backups"]
    with django_assert_num_queries(1):
        get(client, rows[0], ".json")


@pytest.mark.parametrize("kind", KINDS)
def test_private_documents_are_not_there_even_for_their_owner(client, kind):
    document = DocumentFactory(metadata={"url": PAGE})
    relate(document, [DocumentFactory(collection=document.collection)])
    client.force_login(document.collection.owner)
    assert get(client, document, kind).status_code == 404
    assert at(client, document.collection, kind, PAGE).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_list_goes_when_the_collection_becomes_private(client, documents, kind):
    etag = get(client, documents[0], kind)["ETag"]
    Collection.objects.update(visibility="private")
    assert get(client, documents[0], kind, **{"If-None-Match": etag}).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_list_of_a_page_goes_when_the_collection_becomes_private(client, pages, kind):
    etag = at(client, pages[0].collection, kind, f"{PAGE}/0")["ETag"]
    Collection.objects.update(visibility="private")
    gone = at(client, pages[0].collection, kind, f"{PAGE}/0", **{"If-None-Match": etag})
    assert gone.status_code == 404


def test_pages_of_one_collection_are_not_found_by_another(client, pages):
    DocumentFactory(metadata={"url": f"{PAGE}/secret"})
    other = CollectionFactory(public=True)
    assert at(client, other, ".json", f"{PAGE}/0").json() == []
    assert at(client, pages[0].collection, ".json", f"{PAGE}/secret").json() == []


def test_nothing_related_is_left_out(client):
    [document] = public_documents(1)
    shown = get(client, document, "/")
    assert shown.status_code == 200
    assert shown.text.split(">", 1)[1].split("<body")[1].split("</body>")[0].split(">")[1] == "\n"
    assert get(client, document, ".html").text.strip() == ""
    assert get(client, document, ".json").json() == []


def test_number_of_entries(client, documents):
    assert len(get(client, documents[0], ".json", "?n=3").json()) == 3
    assert get(client, documents[0], "/", "?n=3").text.count("<li>") == 3
    assert get(client, documents[0], ".html", "?n=3").text.count("<li>") == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", ["0", "11", "x", "", "1.5", "-1", "9" * 5000, "%00"])
def test_other_numbers_are_refused(client, documents, kind, n):
    response = get(client, documents[0], kind, f"?n={n}")
    assert response.status_code == 400
    assert response.text == "n must be a whole number from 1 to 10."
    assert response["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    "url",
    [
        f"{PAGE}/0/",
        f"{PAGE}/0",
        f"{PAGE}/0/#top",
        f"{PAGE}/0/?utm_source=letter",
        "http://example.org/notes/boats/0",
        "HTTPS://WWW.EXAMPLE.ORG:443/notes/boats/0/",
        "https://www.example.org/notes/bo%61ts/0",
    ],
)
def test_a_page_is_found_however_its_address_is_written(client, pages, url):
    found = at(client, pages[0].collection, ".json", url).json()
    assert [one["source"] for one in found] == [f"{PAGE}/1/", f"{PAGE}/2/"]
    assert f'<a href="{PAGE}/1/" target="_top">Page 1</a>' in (
        at(client, pages[0].collection, ".html", url).text
    )


def test_a_page_is_found_by_the_id_of_its_document(client):
    home = CollectionFactory(public=True)
    one = DocumentFactory(collection=home, external_id=f"{PAGE}?id=3")
    relate(one, [DocumentFactory(collection=home, external_id=f"{PAGE}?id=4")])
    [found] = at(client, home, ".json", f"{PAGE}/?id=3&fbclid=abc").json()
    assert found["source"] == f"{PAGE}?id=4"
    assert at(client, home, ".json", f"{PAGE}?id=5").json() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "url", ["", "x", "javascript:alert(1)", "ftp://a/b", "http://[::1", "//a/b", "https://a/\0"]
)
def test_what_is_no_address_of_a_page_is_refused(client, pages, kind, url):
    answer = at(client, pages[0].collection, kind, url)
    assert (answer.status_code, "url must be the address of a page" in answer.text) == (400, True)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil", 3, None])
def test_links_lead_to_the_web_or_here(client, address):
    documents = public_documents(2, metadata={"url": address})
    relate(documents[0], documents[1:])
    [found] = get(client, documents[0], ".json").json()
    assert found["source"] == ""
    assert f'href="http://testserver/d/{documents[1].pk}/"' in (
        get(client, documents[0], ".html").text
    )


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
    assert "New" in changed.text


def test_an_answer_that_is_kept_is_in_the_language_asked_for(client, documents):
    shown = [
        get(client, documents[0], ".html", **{"Accept-Language": language})
        for language in ("en", "zh-hant", "en")
    ]
    assert shown[0].text == shown[2].text != shown[1].text
    assert shown[0]["ETag"] == shown[2]["ETag"] != shown[1]["ETag"]


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


@pytest.mark.parametrize("kind", KINDS)
def test_any_site_may_read_it_without_cookies(client, documents, kind):
    response = get(client, documents[0], kind, Origin="https://example.org")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response
    page = client.get(documents[0].get_absolute_url(), headers={"Origin": "https://example.org"})
    assert "Access-Control-Allow-Origin" not in page


@pytest.mark.parametrize("kind", KINDS)
def test_where_sites_are_named_browsers_let_no_other_show_the_list(client, documents, kind):
    named = "https://www.example.org"
    Collection.objects.update(widget_origins=[named, "https://b.example"])
    for tag in ("", get(client, documents[0], kind)["ETag"]):
        for origin, allowed in {named: named, "https://evil.example": None, "null": None}.items():
            headers = {"Origin": origin, "If-None-Match": tag}
            response = get(client, documents[0], kind, **headers)
            assert response.headers.get("Access-Control-Allow-Origin") == allowed
            assert "Origin" in response["Vary"]
    policy = get(client, documents[0], "/")["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {named} https://b.example" in policy


def test_titles_are_text(client):
    documents = public_documents(2, title="<img src=x onerror=alert(1)>")
    relate(documents[0], documents[1:])
    for kind in ("/", ".html"):
        shown = get(client, documents[0], kind).text
        assert "<img" not in shown
        assert "&lt;img src=x" in shown


@pytest.mark.parametrize("kind", KINDS)
def test_cost_is_one_query_and_two_more_for_the_words_in_common(client, documents, kind):
    relate(documents[1], documents[2:3])

    def cost(document, tag=""):
        with CaptureQueriesContext(connection) as queries:
            get(client, document, kind, **{"If-None-Match": tag})
        return len(queries)

    assert [cost(document) for document in documents[:2]] == [2, 2]  # they have no passages
    assert cost(documents[0]) == 1  # kept
    assert cost(documents[0], get(client, documents[0], kind)["ETag"]) == 1


def test_cost_of_a_page_by_its_address(client, pages):
    tag = at(client, pages[0].collection, ".json", f"{PAGE}/0")["ETag"]
    with CaptureQueriesContext(connection) as queries:
        at(client, pages[0].collection, ".json", f"{PAGE}/0", **{"If-None-Match": tag})
    assert len(queries) == 3


def preview(client, collection, **query):
    return client.get(f"/c/{collection.pk}/widget/", query)


def test_preview_has_code_for_each_way(client, documents):
    home = documents[0].collection
    shown = preview(client, home, document=documents[0].pk).text
    base = f"http://testserver/related/{documents[0].pk}"
    for code in (
        '&lt;script src="http://testserver/static/dist/related.js" async&gt;',
        f'document="{documents[0].pk}" heading="Related"',
        f'curl --fail --silent "{base}.html"',
        f'&lt;iframe src="{base}/"',
        f'await fetch("{base}.json")',
    ):
        assert code in shown
    assert f'<iframe class="widget-frame" src="{base}/"' in shown


def test_preview_has_one_code_for_every_page(client, pages):
    home = pages[0].collection
    shown = preview(client, home, url=f"{PAGE}/0").text
    assert "This is the page of “Page 0”." in shown
    assert f'collection="{home.pk}"' in shown
    assert f"/related/c/{home.pk}.json?url=https%3A%2F%2Fwww.example.org%2Fnotes%2Fboats%2F0" in (
        shown
    )
    assert "No document of this collection has this address" in (
        preview(client, home, url="https://nowhere.example/").text
    )
    assert "not the address of a page" in preview(client, home, url="boats").text


def test_preview_without_any_list_and_of_numbers_that_are_none(client):
    home = CollectionFactory(public=True)
    for number in ("", "x", "9" * 30, "0"):
        shown = preview(client, home, document=number)
        assert shown.status_code == 200
        assert "A preview shows here once" in shown.text


def test_preview_of_a_private_collection_says_so_to_its_owner_alone(client):
    home = CollectionFactory()
    assert preview(client, home).status_code == 404
    client.force_login(UserFactory())
    assert preview(client, home).status_code == 404
    client.force_login(home.owner)
    shown = preview(client, home)
    assert "This collection is private" in shown.text
    assert "related.js" not in shown.text


def test_preview_is_reached_from_the_document_and_by_the_owner_from_the_collection(
    client, documents
):
    home = documents[0].collection
    assert f'href="/c/{home.pk}/widget/?document={documents[0].pk}"' in (
        client.get(documents[0].get_absolute_url()).text
    )
    client.force_login(home.owner)
    assert f'href="/c/{home.pk}/widget/"' in client.get(home.get_absolute_url()).text


def test_owner_names_the_sites_on_the_page(client):
    home = CollectionFactory(public=True)
    client.force_login(home.owner)
    url = f"/c/{home.pk}/edit/"
    sent = {
        "name": home.name,
        "visibility": "public",
        "widget_origins": "HTTPS://Example.org/\nhttp://b:8000",
    }
    assert client.post(url, sent).status_code == 302
    home.refresh_from_db()
    assert home.widget_origins == ["https://example.org", "http://b:8000"]
    assert "https://example.org\nhttp://b:8000" in client.get(url).text
    refused = client.post(url, sent | {"widget_origins": "example.org"})
    assert "is no origin" in refused.text
    assert client.post(url, sent | {"widget_origins": ""}).status_code == 302
    home.refresh_from_db()
    assert home.widget_origins == []


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "example.org", "https://a/b", "https://a?b", "https://u@a", "https://a;b", "x:"],
)
def test_api_refuses_what_is_no_origin(client, origin):
    home = CollectionFactory()
    client.force_login(home.owner)
    url = f"/api/collections/{home.pk}/"
    answer = client.patch(url, {"widget_origins": [origin]}, content_type="application/json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["widget_origins"])


def test_api_keeps_origins_as_browsers_write_them(client):
    home = CollectionFactory()
    client.force_login(home.owner)
    url = f"/api/collections/{home.pk}/"
    sent = {"widget_origins": ["https://EXAMPLE.org:443/", "http://[::1]:8000"]}
    answer = client.patch(url, sent, content_type="application/json")
    assert answer.json()["widget_origins"] == ["https://example.org", "http://[::1]:8000"]


@pytest.mark.skipif(not finders.find("dist/related.js"), reason="The browser parts are not built.")
def test_script_for_other_sites_is_small_and_alone():
    with open(finders.find("dist/related.js")) as file:
        script = file.read()
    assert len(script) < 6000
    assert "embedsite-related" in script
    assert "innerHTML" not in script
