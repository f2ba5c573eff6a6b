"""Pages, sitemaps, feeds and JSON APIs, of a local web server."""

import gzip
import json

import pytest

from collections_app import ingest, services, sources
from collections_app.services import Rejected
from tests.collections_app.web_server import WebServer, page, tagged
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings):
    with WebServer() as started:
        settings.FETCH_ALLOWED_NETWORKS = ["127.0.0.1/32"]
        settings.FETCH_ALLOWED_PORTS = [started.port]
        settings.FETCH_DELAY_SECONDS = 0
        yield started


@pytest.fixture
def collection():
    return CollectionFactory()


def run(source):
    made = services.request_run(source)
    sources.work(60, lambda: None)
    made.refresh_from_db()
    return made


def counts(one):
    names = ("added", "changed", "unchanged", "removed", "skipped", "failed")
    return one.state, *(getattr(one, name) for name in names)


def problems(one):
    return list(one.problems.values_list("external_id", "outcome", "reason"))


def documents(collection, *fields):
    return sorted(collection.documents.values_list("external_id", *fields))


def text_page(title, words):
    return f"<html><head><title>{title}</title></head><body><p>{words}</p></body></html>"


def test_page_is_asked_whether_it_changed(server, collection):
    server.pages["/a"] = tagged(text_page("A", "The first words."), '"1"')
    source = services.create_source(collection, "url", "A", {"url": server.url + "/a"})
    assert counts(run(source)) == ("done", 1, 0, 0, 0, 0, 0)
    assert counts(run(source)) == ("done", 0, 0, 1, 0, 0, 0)
    assert server.headers[1]["If-None-Match"] == '"1"'
    server.pages["/a"] = tagged(text_page("A", "Other words."), '"2"')
    assert counts(run(source)) == ("done", 0, 1, 0, 0, 0, 0)
    ingest.run()
    [(key, title, text, metadata)] = documents(collection, "title", "text", "metadata")
    assert (key, title, text.strip()) == (f"{server.url}/a", "A", "Other words.")
    assert metadata["url"] == f"{server.url}/a"


def test_page_that_is_away_keeps_its_document(server, collection):
    server.pages["/a"] = page(text_page("A", "Words."))
    source = services.create_source(collection, "url", "A", {"url": server.url + "/a"})
    run(source)
    del server.pages["/a"]
    failed = run(source)
    assert counts(failed) == ("done", 0, 0, 0, 0, 0, 1)
    assert problems(failed)[0][2] == f"{server.url}/a answered with 404."
    assert len(documents(collection)) == 1


def sitemap(server, *names, changed="2026-01-01"):
    entries = "".join(
        f"<url><loc>{server.url}/{name}</loc><lastmod>{changed}</lastmod></url>" for name in names
    )
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0"?><urlset xmlns="{space}">{entries}</urlset>'


def index(server, *names):
    entries = "".join(f"<sitemap><loc>{server.url}/{name}</loc></sitemap>" for name in names)
    return f"<sitemapindex>{entries}</sitemapindex>"


def sitemap_source(server, collection, **options):
    address = {"url": f"{server.url}/sitemap.xml"}
    return services.create_source(collection, "sitemap", "Site", address | options)


def test_sitemap_index_with_a_packed_part_brings_its_pages(server, collection):
    server.pages |= {
        "/sitemap.xml": page(index(server, "one.xml", "two.xml.gz"), "text/xml"),
        "/one.xml": page(sitemap(server, "a", "b"), "text/xml"),
        "/two.xml.gz": page(gzip.compress(sitemap(server, "c", "a").encode()), "application/gzip"),
    }
    server.pages |= {f"/{name}": page(text_page(name, "Words.")) for name in "abc"}
    source = sitemap_source(server, collection)
    assert counts(run(source)) == ("done", 3, 0, 0, 0, 0, 0)
    assert [key[-1] for (key,) in documents(collection)] == ["a", "b", "c"]
    server.asked.clear()
    assert counts(run(source)) == ("done", 0, 0, 3, 0, 0, 0)
    assert server.asked == ["/sitemap.xml", "/one.xml", "/two.xml.gz"]  # lastmod stands


def test_pages_that_left_the_sitemap_go(server, collection):
    server.pages |= {f"/{name}": page(text_page(name, "Words.")) for name in "abcd"}
    server.pages["/sitemap.xml"] = page(sitemap(server, *"abcd"), "text/xml")
    source = sitemap_source(server, collection)
    run(source)
    server.pages["/sitemap.xml"] = page(sitemap(server, *"abc"), "text/xml")
    assert counts(run(source)) == ("done", 0, 0, 3, 1, 0, 0)


def test_part_of_an_index_that_fails_removes_nothing(server, collection):
    server.pages |= {f"/{name}": page(text_page(name, "Words.")) for name in "ab"}
    server.pages |= {
        "/sitemap.xml": page(index(server, "one.xml", "two.xml"), "text/xml"),
        "/one.xml": page(sitemap(server, "a"), "text/xml"),
        "/two.xml": page(sitemap(server, "b"), "text/xml"),
    }
    source = sitemap_source(server, collection)
    run(source)
    del server.pages["/two.xml"]
    second = run(source)
    assert counts(second) == ("done", 0, 0, 1, 0, 0, 1)
    assert problems(second) == [
        (f"{server.url}/two.xml", "failed", f"{server.url}/two.xml answered with 404.")
    ]
    assert len(documents(collection)) == 2


def test_robots_and_prefix_leave_pages_out(server, collection):
    server.pages |= {f"/{name}": page(text_page(name, "Words.")) for name in "abc"}
    server.pages["/robots.txt"] = page("User-agent: *\nDisallow: /b\n", "text/plain")
    server.pages["/sitemap.xml"] = page(sitemap(server, *"abc"), "text/xml")
    done = run(sitemap_source(server, collection))
    assert counts(done) == ("done", 2, 0, 0, 0, 1, 0)
    only = run(
        services.create_source(
            CollectionFactory(),
            "sitemap",
            "Site",
            {"url": f"{server.url}/sitemap.xml", "prefix": f"{server.url}/c"},
        )
    )
    assert counts(only) == ("done", 1, 0, 0, 0, 0, 0)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    "<urlset><url><loc>&b;</loc></url></urlset>"
)


@pytest.mark.parametrize("body", [BOMB, "<html><body>No.</body></html>", "no xml", "<urlset>"])
def test_what_is_no_sitemap_is_put_off_with_its_reason(server, collection, body):
    server.pages["/sitemap.xml"] = page(body, "text/xml")
    made = run(sitemap_source(server, collection))
    assert made.state == "running"  # until its next attempt
    assert made.error.startswith(f"{server.url}/sitemap.xml is not a sitemap")
    assert made.not_before is not None


def test_pages_of_internal_hosts_in_a_sitemap_fail(server, collection):
    entry = "<urlset><url><loc>http://169.254.169.254/latest/</loc></url></urlset>"
    server.pages["/sitemap.xml"] = page(entry, "text/xml")
    made = run(sitemap_source(server, collection))
    assert counts(made) == ("done", 0, 0, 0, 0, 0, 1)
    assert "169.254.169.254 is not on the public internet" in problems(made)[0][2]


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Notes</title>
<entry><id>tag:1</id><title>One</title><link href="{url}/one"/>
<content type="html">&lt;p&gt;Words of one.&lt;/p&gt;</content></entry>
<entry><id>tag:2</id><title>Two</title><link href="{url}/two"/></entry></feed>"""
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Notes</title>
<item><guid isPermaLink="false">g1</guid><title>One</title><link>{url}/one</link>
<description>&lt;p&gt;Words of one.&lt;/p&gt;</description>
<pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>"""


def feed_source(server, collection, text, **options):
    server.pages["/feed"] = page(text.format(url=server.url), "application/xml")
    return services.create_source(
        collection, "feed", "Feed", {"url": server.url + "/feed"} | options
    )


def test_entries_of_an_atom_feed_come_with_their_own_text(server, collection):
    made = run(feed_source(server, collection, ATOM))
    assert counts(made) == ("done", 1, 0, 0, 0, 0, 1)
    assert problems(made) == [
        ("tag:2", "failed", "The entry has no text in the feed. Take the pages instead.")
    ]
    ingest.run()
    [(key, title, text)] = documents(collection, "title", "text")
    assert (key, title, text.strip()) == ("tag:1", "One", "Words of one.")


def test_entries_of_an_rss_feed_stay_when_they_leave_the_feed(server, collection):
    source = feed_source(server, collection, RSS)
    assert counts(run(source)) == ("done", 1, 0, 0, 0, 0, 0)
    [(key, metadata)] = documents(collection, "metadata")
    assert (key, metadata["published"][:16]) == ("g1", "Mon, 02 Nov 2026")
    empty = '<?xml version="1.0"?><rss version="2.0"><channel><title>N</title></channel></rss>'
    server.pages["/feed"] = page(empty, "application/xml")
    assert counts(run(source)) == ("done", 0, 0, 0, 0, 0, 0)
    assert len(documents(collection)) == 1


def test_pages_of_a_feed_are_fetched_instead(server, collection):
    server.pages |= {f"/{name}": page(text_page(name, "Whole words.")) for name in ("one", "two")}
    made = run(feed_source(server, collection, ATOM, content="page"))
    assert counts(made) == ("done", 2, 0, 0, 0, 0, 0)
    assert documents(collection, "title") == [
        (f"{server.url}/one", "One"),
        (f"{server.url}/two", "Two"),
    ]


def test_what_is_no_feed_is_told(server, collection):
    made = run(feed_source(server, collection, "just words"))
    assert made.error == f"{server.url}/feed is not an RSS or Atom feed."


def posts(*numbers, **more):
    return [
        {"id": n, "title": {"rendered": f"Post {n}"}, "body": f"Words of {n}.", "tags": ["a"]}
        for n in numbers
    ]


API = {"title": "title.rendered", "text": "body", "metadata": ["tags", "nothing"]}


def api_source(server, collection, secrets=None, **options):
    given = {"url": f"{server.url}/posts"} | API | options
    return services.create_source(collection, "json_api", "Posts", given, secrets=secrets)


def test_api_with_link_headers_is_read_page_by_page_with_its_secret(server, collection):
    link = f'<{server.url}/posts?after=2>; rel="next", <{server.url}/posts>; rel="first"'
    server.pages["/posts"] = page(json.dumps(posts(1, 2)), "application/json", Link=link)
    server.pages["/posts?after=2"] = page(json.dumps(posts(3)), "application/json")
    secret = {"headers": {"Authorization": "Bearer very-secret"}}
    made = run(api_source(server, collection, secrets=secret))
    assert counts(made) == ("done", 3, 0, 0, 0, 0, 0)
    assert [one["Authorization"] for one in server.headers] == ["Bearer very-secret"] * 2
    assert documents(collection, "title", "body", "metadata") == [
        (str(n), f"Post {n}", f"Words of {n}.", {"tags": ["a"]}) for n in (1, 2, 3)
    ]
    assert "very-secret" not in str(made.source.__dict__)


def test_api_with_page_numbers_ends_with_an_empty_page(server, collection):
    for number, listed in enumerate([posts(1, 2), posts(3), []], start=1):
        body = json.dumps({"data": {"items": listed}})
        server.pages[f"/posts?page={number}"] = page(body, "application/json")
    made = run(api_source(server, collection, paging="page", items="data.items"))
    assert counts(made) == ("done", 3, 0, 0, 0, 0, 0)
    assert server.asked == [f"/posts?page={n}" for n in (1, 2, 3)]


def test_api_that_leads_in_a_circle_fails(server, collection):
    body = json.dumps({"results": posts(1), "next": "/posts"})
    server.pages["/posts"] = page(body, "application/json")
    made = run(api_source(server, collection, paging="next", items="results"))
    assert (made.state, made.added) == ("failed", 1)
    assert made.error.startswith("The pages of the API lead in a circle")


def test_api_items_without_id_or_text_are_told_and_nothing_is_removed(server, collection):
    server.pages["/posts"] = page(json.dumps(posts(1, 2)), "application/json")
    source = api_source(server, collection)
    run(source)
    bad = [{"body": "Words."}, {"id": 7}, *posts(1)]
    server.pages["/posts"] = page(json.dumps(bad), "application/json")
    made = run(source)
    assert counts(made) == ("done", 0, 0, 1, 0, 0, 2)
    assert problems(made) == [
        ("?", "failed", "There is no id at “id” in this item."),
        ("7", "failed", "There is no text at “body” in this item."),
    ]
    assert documents(collection) == [("1",), ("2",)]


def test_api_goes_on_at_the_page_where_it_stopped(server, collection, monkeypatch):
    monkeypatch.setattr(sources.chunks, "ITEMS", 1)
    monkeypatch.setattr(sources.listing, "LOOK_AHEAD", 1)
    for number, listed in enumerate([posts(1), posts(2), posts(3), []], start=1):
        server.pages[f"/posts?page={number}"] = page(json.dumps(listed), "application/json")
    services.request_run(api_source(server, collection, paging="page"))
    sources.running.execute(sources.queue.claim(), lambda: None, lambda: len(server.asked) < 2)
    server.asked.clear()
    sources.work(60, lambda: None)
    assert server.asked == [f"/posts?page={n}" for n in (2, 3, 4)]
    assert documents(collection) == [("1",), ("2",), ("3",)]


def test_server_that_asks_for_an_hour_gets_it(server, collection):
    server.pages["/posts"] = page("", status=429, Retry_After="3600")
    made = run(api_source(server, collection))
    assert (made.state, made.attempts) == ("running", 0)
    assert made.error == f"{server.url}/posts answered with 429."


def test_internal_address_is_refused_at_once_and_fails_the_run(collection, settings):
    with pytest.raises(Rejected, match=r"10\.0\.0\.1 is not on the public internet"):
        services.create_source(collection, "feed", "Feed", {"url": "http://10.0.0.1/"})
    settings.FETCH_ALLOWED_NETWORKS = ["10.0.0.0/8"]
    source = services.create_source(collection, "feed", "Feed", {"url": "http://10.0.0.1/"})
    settings.FETCH_ALLOWED_NETWORKS = []  # since taken back
    made = run(source)
    assert (made.state, made.error[:8]) == ("failed", "10.0.0.1")


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Host": "x"}, "is not a header that can be set"),
        ({"X-Key": "a\r\nX-Other: b"}, "must be a text of plain characters"),
        ({"X-Key": 7}, "must be a text of plain characters"),
        ({"Bad Name": "x"}, "is not a header that can be set"),
    ],
)
def test_headers_that_cannot_be_sent_are_rejected(collection, headers, message):
    with pytest.raises(Rejected, match=message):
        services.create_source(
            collection, "url", "A", {"url": "https://example.com"}, secrets={"headers": headers}
        )


def test_server_that_fails_again_and_again_is_left_alone_and_asked_later(
    server, collection, monkeypatch
):
    down = page("", status=500)
    server.pages |= {f"/p{n}": down for n in range(30)}
    server.pages["/sitemap.xml"] = page(sitemap(server, *(f"p{n}" for n in range(30))), "text/xml")
    monkeypatch.setattr(sources.fetch, "ATTEMPTS", 1)
    made = run(sitemap_source(server, collection))
    assert (made.state, made.failed, made.removed) == ("running", 10, 0)
    assert made.error.startswith("10 items in a row could not be had: ")
    assert made.not_before is not None
