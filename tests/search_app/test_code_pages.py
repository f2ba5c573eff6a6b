"""Source code in search results and on the document page."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from collections_app import ingest, services
from search_app.analysis.code_lines import missing_indent
from search_app.analysis.snippet import snippet
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db

HARBOUR = '''\
"""About boats."""


class Harbour:
    """Where boats lie."""

    def __init__(self):
        self.boats = []

    def anchor(self, boat):
        """Let a <boat> lie here."""
        self.boats.append(boat)
        return len(self.boats)
'''


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def collection():
    return CollectionFactory(public=True, split_code=True)


def add(collection, name, text):
    services.add_files(collection, [SimpleUploadedFile(name, text.encode())])
    ingest.run()


def found(client, query):
    return client.get(reverse("search"), {"q": query}).text


def test_hit_shows_path_line_language_and_coloured_lines(client, collection):
    add(collection, "harbour.py", HARBOUR)
    page = found(client, "anchor")
    row = collection.documents.get(external_id="harbour.py:10")
    assert f'<a class="code-place" href="/d/{row.pk}/?p=0#L10">harbour.py:10</a>' in page
    assert "<span>Python</span>" in page
    assert (
        '<span class="code__line"><span class="code__number">10</span>'
        '    <span class="tok-keyword">def</span> <mark><span class="tok-name">anchor</span></mark>'
        '(<span class="tok-builtin">self</span>, boat):\n</span>'
    ) in page
    assert "&lt;boat&gt;" in page
    assert "<boat>" not in page


def test_document_page_has_lines_of_the_file_as_anchors(client, collection):
    add(collection, "harbour.py", HARBOUR)
    method = collection.documents.get(external_id="harbour.py:10")
    page = client.get(method.get_absolute_url(), {"p": "0"}).text
    for line in (10, 11, 12, 13):
        assert f'<span class="code__line" id="L{line}">' in page
    assert 'id="L9"' not in page
    assert '<mark id="mark">' in page
    outline = collection.documents.get(external_id="harbour.py:4")
    page = client.get(outline.get_absolute_url()).text
    assert [line for line in range(1, 15) if f'id="L{line}"' in page] == [4, 5, 6, 7, 9, 10]


def test_whole_file_has_its_own_lines_and_comes_in_parts(client):
    collection = CollectionFactory(public=True)
    code = "\n\n" + "".join(
        f"def f{n}():\n    return 'some words here {n}'\n\n" for n in range(4000)
    )
    add(collection, "long.py", code)
    document = collection.documents.get()
    first = client.get(document.get_absolute_url()).text
    assert '<span class="code__line" id="L3">' in first
    second = client.get(document.get_absolute_url(), {"part": "2"}).text
    lines = code.split("\n")
    number = int(second.partition('class="code__line" id="L')[2].partition('"')[0])
    assert number > 1000
    row = second.partition(f'href="#L{number}"')[2].partition("\n")[0]
    assert lines[number - 1].split("(")[0].strip().split()[-1] in row


def test_page_takes_as_many_queries_for_code_as_for_text(client, collection):
    add(collection, "harbour.py", HARBOUR)
    add(collection, "notes.txt", "Boats lie here.")
    counts = []
    for name in ("harbour.py:4", "notes.txt"):
        document = collection.documents.get(external_id=name)
        with CaptureQueriesContext(connection) as queries:
            client.get(document.get_absolute_url())
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_snippet_of_code_is_whole_lines_around_the_match():
    text = "".join(f"    line_{n} = {n}\n" for n in range(30))
    pieces = snippet(
        text.replace("line_20 ", "needle "), {"needl": 1.0}, "english", "text/x-python"
    )
    shown = "".join(piece for piece, _matched in pieces)
    assert shown.split("\n")[:3] == ["    line_19 = 19", "    needle = 20", "    line_21 = 21"]
    assert len(shown.split("\n")) == 8
    assert [piece for piece, matched in pieces if matched] == ["needle"]
    assert "".join(piece for piece, _ in snippet(text, {}, "english", "text/x-go")) == "\n".join(
        text.split("\n")[:8]
    )


def test_snippet_of_one_endless_line_is_bounded_and_holds_the_match():
    text = "x=1;" * 5000 + "needle;" + "y=2;" * 5000
    pieces = snippet(text, {"needl": 1.0}, "english", "text/javascript")
    assert ("needle", True) in pieces
    assert sum(len(piece) for piece, _matched in pieces) <= 800


@pytest.mark.parametrize(
    ("text", "indent"),
    [
        ("def f(self):\n        return 1", 4),
        ("def f():\n    return 1", 0),
        ("@property\n    def f(self):\n        return 1", 4),
        ("f() {\n    return 1\n  }", 2),
        ("x = 1", 0),
        ("x = 1\n\n        y = 2", 8),
    ],
)
def test_first_line_is_indented_as_it_was(text, indent):
    assert missing_indent(text) == indent
