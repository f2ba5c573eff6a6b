"""The page of a document: text with its places, states, facts, what is related, its size."""

import time
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app import ingest, services
from collections_app.models import Document
from search_app.views.reading import PART_CHARS, beginnings
from tests.factories import CollectionFactory, DocumentFactory, UserFactory, embedded
from tests.search_app.rows import cluster, public_documents, relate

pytestmark = pytest.mark.django_db

PARAGRAPHS = [f"Paragraph {n} tells of harbour number {n} and its boats." * 3 for n in range(6)]


@pytest.fixture
def document():
    collection = CollectionFactory(public=True)
    return embedded(collection, {"a": "\n\n".join(PARAGRAPHS)})[0]


def page(client, document, **query):
    return client.get(document.get_absolute_url(), query).text


def test_passage_is_marked_and_has_its_anchor(client, document):
    passage = document.passages.get(ordinal=1)
    shown = client.get(passage.get_absolute_url()).text
    assert f'id="p{passage.ordinal}"' in shown
    assert '<mark id="mark">' in shown
    marked = shown.split('<mark id="mark">')[1].split("</mark>")[0]
    assert passage.text.startswith(unescape(marked))
    assert shown.count('<span id="p') == document.passages.count()


def test_span_is_marked(client, document):
    assert '<mark id="mark">agraph</mark>' in page(client, document, start=3, end=9)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"p": "x"},
        {"p": "99"},
        {"p": "-1"},
        {"p": "1" * 500},
        {"start": "3"},
        {"start": "9", "end": "3"},
        {"start": "3", "end": "3"},
        {"start": "0", "end": "999999999"},
        {"start": "a", "end": "\x00"},
        {"part": "x"},
        {"part": "77"},
    ],
)
def test_what_is_no_place_marks_nothing(client, document, query):
    response = client.get(document.get_absolute_url(), query)
    assert response.status_code == 200
    assert "<mark" not in response.text.split("<main")[1]


def test_facts_and_metadata_are_shown_as_text(client):
    collection = CollectionFactory(public=True)
    metadata = {
        "author": "<b>Ada</b>",
        "tags": ["x", "y"],
        "<i>": None,
        "at": {"page": 3, "of": [1, 2]},
    }
    [item] = embedded(collection, {"a": "harbour"}, title="<em>T</em>", metadata=metadata)
    shown = page(client, item)
    assert "<dt>author</dt><dd>&lt;b&gt;Ada&lt;/b&gt;</dd>" in shown
    assert "<dt>tags</dt><dd>x, y</dd>" in shown
    assert "<dt>&lt;i&gt;</dt><dd></dd>" in shown
    assert "<dt>at</dt><dd>of: 1, 2; page: 3</dd>" in shown
    assert "<h1>&lt;em&gt;T&lt;/em&gt;</h1>" in shown
    assert "<em>T</em>" not in shown


def test_hostile_markdown_runs_nothing(client):
    text = "<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![i](http://a.b/c.png)"
    [item] = embedded(CollectionFactory(public=True), {"a.md": text}, media_type="text/markdown")
    shown = page(client, item).split("<article")[1].split("</article>")[0]
    assert "<script" not in shown
    assert "href" not in shown
    assert "<img" not in shown


@pytest.mark.parametrize(
    ("text", "shown_twice"),
    [("# The harbour\n\nQuiet.", False), ("# Boats\n\nQuiet.", True), ("The harbour", True)],
)
def test_heading_that_is_the_title_stands_there_once(client, text, shown_twice):
    fields = {"title": "The harbour", "media_type": "text/markdown"}
    [item] = embedded(CollectionFactory(public=True), {"a.md": text}, **fields)
    assert ("prose--untitled" not in page(client, item)) == shown_twice


def test_file_can_be_downloaded(client, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    collection = CollectionFactory(public=True)
    result = services.add_files(collection, [SimpleUploadedFile("a.txt", b"A quiet harbour.")])
    ingest.run()
    item = Document.objects.get(pk=result.added[0])
    assert f'href="/d/{item.pk}/file/"' in page(client, item)


def test_text_without_a_file_has_no_download(client, document):
    assert "/file/" not in page(client, document)


def test_waiting_document_asks_how_it_stands(client):
    item = DocumentFactory(collection__public=True, state="queued", text="")
    assert f'hx-get="/d/{item.pk}/state/"' in page(client, item)
    response = client.get(f"/d/{item.pk}/state/")
    assert "waiting to be embedded" in response.text
    assert "HX-Refresh" not in response
    assert "no-store" in response["Cache-Control"]


def test_page_loads_anew_once_the_document_is_ready(client, document):
    assert client.get(f"/d/{document.pk}/state/")["HX-Refresh"] == "true"
    assert "hx-get" not in page(client, document).split("<main")[1]


def test_set_aside_tells_why_and_the_owner_may_retry(client):
    item = DocumentFactory(collection__public=True, state="set_aside", error="It is <empty>.")
    retry = f'action="/d/{item.pk}/retry/"'
    client.force_login(UserFactory())
    assert "It is &lt;empty&gt;." in page(client, item)
    assert retry not in page(client, item)
    client.force_login(item.collection.owner)
    assert retry in page(client, item)


def test_related_documents_and_cluster_are_linked(client):
    documents = public_documents(4)
    relate(documents[0], documents[1:])
    made = cluster(documents[0].collection, documents, "boats & ships")
    shown = page(client, documents[0])
    links = [shown.index(f'<li><a href="/d/{item.pk}/">') for item in documents[1:]]
    assert links == sorted(links)
    assert f'<a href="/clusters/{made.pk}/">boats &amp; ships</a>' in shown


def test_block_is_left_out_when_nothing_is_related(client):
    [item] = public_documents(1)
    shown = page(client, item)
    assert "Related documents</h2>" not in shown
    assert "/clusters/" not in shown.split("<main")[1].replace("/c/", "")


def test_widget_code_is_offered_for_public_collections_alone(client):
    [public], private = public_documents(1), DocumentFactory()
    link = "/c/{}/widget/?document={}"
    assert link.format(public.collection_id, public.pk) in page(client, public)
    client.force_login(private.collection.owner)
    assert "/widget/?" not in page(client, private)


def test_long_text_comes_in_parts_soon(client):
    words = "The harbour number {} is quiet at dawn, and the boats lie still in the water. "
    text = "\n\n".join(words.format(n) * 10 for n in range(6_500))[:5_000_000]
    item = DocumentFactory(collection__public=True, text=text, media_type="text/markdown")
    starts = range(0, len(text), 1000)
    item.passages.model.objects.bulk_create(
        item.passages.model(
            document=item,
            collection=item.collection,
            model=item.collection.embedding_model,
            ordinal=ordinal,
            text=text[start : start + 1000],
            start=start,
            end=min(start + 1000, len(text)),
            token_count=200,
            content_hash="x",
        )
        for ordinal, start in enumerate(starts)
    )
    begun = time.process_time()
    last = client.get(f"/d/{item.pk}/?p={len(starts) - 1}").text
    assert time.process_time() - begun < 5
    assert f'<span id="p{len(starts) - 1}"></span>' in last
    assert '<mark id="mark">' in last
    assert "Part 50 of 50" in last
    assert len(last) < 3 * PART_CHARS
    first = client.get(f"/d/{item.pk}/").text
    assert "Part 1 of 50" in first
    assert '<span id="p0"></span>' in first


def test_parts_begin_at_passages():
    step = PART_CHARS // 2
    assert beginnings([]) == [0]
    assert beginnings([0, step, 2 * step - 1, 2 * step + 1]) == [0, 2 * step + 1]
    assert beginnings([0, step, 3 * step, 4 * step, 5 * step]) == [0, 3 * step, 5 * step]


def test_cost_does_not_grow_with_what_is_related(client):
    documents = public_documents(5)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            client.get(documents[0].get_absolute_url())
        return len(queries)

    cluster(documents[0].collection, documents)
    relate(documents[0], documents[1:2])
    one = cost()
    documents[0].related.all().delete()
    relate(documents[0], documents[1:4])
    assert cost() == one == 6
