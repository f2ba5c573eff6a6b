"""A file that cannot be read tells which page, cell, line or entry is to blame."""

import io
import os
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from collections_app import ingest, services
from collections_app.models import Document
from collections_app.pipeline import sandbox, sandbox_place
from collections_app.pipeline.extract import extract
from collections_app.pipeline.extracted import Unreadable, at
from collections_app.pipeline.sandbox import Limits
from tests.collections_app import written_files as write
from tests.collections_app.test_hostile_files import LAST_COLUMNS, sheet
from tests.factories import CollectionFactory

WORDS = "Words of the sea. " * 20
PAGE = f"<html><body><p>{WORDS}</p></body></html>"


def changed(package, name, change):
    """The package with the content of one entry changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(file, "w") as new:
        for one in old.infolist():
            data = old.read(one)
            new.writestr(one.filename, change(data) if one.filename == name else data)
    return file.getvalue()


def torn(data):
    """XML that ends in its second line."""
    return data.replace(b"?>", b"?>\n", 1)[:-10].replace(b"\r", b"").rstrip(b"\n")


def fault(data, **options):
    with pytest.raises(Unreadable) as caught:
        extract(data, **options)
    return caught.value.place


@pytest.mark.parametrize(
    ("data", "options", "place"),
    [
        (b"one\ntwo\n\xff three", {"as_encoding": "utf-8"}, {"line": 3}),
        (b"\xef\xbb\xbfone\n\xff\xfe", {}, {"line": 2}),
        ("one\ntwo".encode("utf-16") + b"\x00\xd8", {}, {"line": 2}),
        (b"one\ntwo\nthree\n", {"max_chars": 9}, {"line": 3}),
        (b'{"cells": [],\n"nbformat": 4,\n"metadata": {},,}', {}, None),
    ],
)
def test_line_of_a_text(data, options, place):
    if place is None:
        data, place = data, {"line": 3}
        options = {"as_format": "application/x-ipynb+json"}
    assert fault(data, **options) == place


@pytest.mark.parametrize(
    ("data", "entry"),
    [
        (write.word(("p", "Words.")), "word/document.xml"),
        (write.slides(("Words", ["more"]), ("Two", ["more"])), "ppt/slides/slide2.xml"),
        (write.workbook(A=[["Words"]]), "xl/workbook.xml"),
        (write.opendocument("<text:p>Words</text:p>"), "content.xml"),
    ],
)
def test_entry_of_a_package_that_is_no_xml(data, entry):
    place = fault(changed(data, entry, torn))
    assert place["entry"] == entry
    assert place["line"] >= 1


@pytest.mark.parametrize(
    ("data", "entry"),
    [
        (write.word(("p", WORDS)), "word/document.xml"),
        (write.opendocument(f"<text:p>{WORDS}</text:p>"), "content.xml"),
    ],
)
def test_entry_of_a_package_that_cannot_be_unpacked(data, entry):
    stored = changed(data, entry, lambda one: one)  # not packed: its bytes stand in the file
    assert fault(stored.replace(b"Words of", b"Wards of", 1)) == {"entry": entry}


def test_entry_of_a_package_that_defines_entities():
    data = changed(
        write.word(("p", "Words.")),
        "word/styles.xml",
        lambda one: one.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY a "b">]>', 1),
    )
    assert fault(data) == {"entry": "word/styles.xml"}


def test_cell_of_a_workbook():
    book = write.workbook(Prices=[["a", 1], ["b", 2], ["c", 3]])
    data = changed(
        book, "xl/worksheets/sheet1.xml", lambda one: one[: one.index(b'<row r="3"') + 12]
    )
    assert fault(data) == {"sheet": "Prices", "cell": "A3"}
    long = write.workbook(Prices=[[WORDS]] * 9)
    assert fault(long, max_chars=1000) == {"sheet": "Prices", "cell": "A3"}


def test_slide_of_a_presentation():
    data = write.slides(*[(f"Slide {n}", [WORDS]) for n in range(5)])
    assert fault(data, max_chars=900) == {"slide": 3}


def test_chapter_of_a_book():
    data = write.book({"1.xhtml": PAGE, "2.xhtml": PAGE})
    assert fault(data, max_chars=500) == {"chapter": 2}
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        pages = [name for name in book.namelist() if name.endswith(".xhtml")]
    for name in pages:
        data = changed(data, name, lambda one: b"")
    assert fault(data) == {"chapter": 1}


def test_cell_of_a_notebook():
    data = write.notebook(("markdown", WORDS), ("code", WORDS), ("code", WORDS))
    assert fault(data, max_chars=500) == {"cell": 2}


def test_pages_of_a_pdf(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))  # no Tesseract
    assert fault(write.pdf([WORDS, WORDS, WORDS]), max_chars=500) == {"page": 2}


def test_pages_of_a_pdf_that_are_damaged():
    pages = write.pdf(["Words one.", "Words two."])
    broken = pages.replace(b"/Type /Page\n", b"/Type /Nope\n").replace(
        b"/Type /Page ", b"/Type /Nope "
    )
    assert broken != pages
    assert fault(broken) == {"page": 1, "to": 2}


def test_whatever_a_reader_raises_gets_the_place_it_was_at():
    with pytest.raises(Unreadable) as caught, at(lambda: {"slide": 4}):
        raise ZeroDivisionError("that")
    assert caught.value.place == {"slide": 4}
    assert str(caught.value) == "The content could not be read (ZeroDivisionError('that'))."
    with pytest.raises(Unreadable) as caught, at(lambda: {"slide": 4}):
        raise Unreadable("No.", {"page": 1})
    assert caught.value.place == {"page": 1}
    with pytest.raises(MemoryError), at(lambda: {"slide": 4}):
        raise MemoryError


# What a passage tells.

PAGES = "<h1>Boats</h1><p>One.</p><h2>Sails</h2><p>Two.</p>"
LEVELS = (
    rb"{\rtf1\ansi{\stylesheet{\s1\outlinelevel0 heading 1;}}\pard\outlinelevel0 Boats\par"
    rb"\pard One.\par\pard\s2\outlinelevel1 Sails\par\pard # Two.\par}"
)


@pytest.mark.parametrize(
    "data",
    [
        LEVELS,
        f"<html><body>{PAGES}</body></html>".encode(),
        write.mail("Subject", html=PAGES),
        write.word(("h1", "Boats"), ("p", "One."), ("h2", "Sails"), ("p", "Two.")),
        write.opendocument(
            '<text:h text:outline-level="1">Boats</text:h><text:p>One.</text:p>'
            '<text:h text:outline-level="2">Sails</text:h><text:p>Two.</text:p>'
        ),
    ],
    ids=["rtf", "html", "mail", "docx", "odt"],
)
def test_heading_that_a_passage_stands_under(data):
    found = extract(data)
    assert "## Sails" in found.text
    assert found.places_of(found.text.index("One"), found.text.index("One") + 3) == {
        "heading": "Boats"
    }
    assert found.place(found.text.index("Two")) == {"heading": "Sails"}
    assert found.places_of(0, len(found.text)) == {"heading": "Boats", "to": "Sails"}


def test_rich_text_with_levels_is_markdown_and_named_by_its_first_heading():
    found = extract(LEVELS)
    assert (found.title, found.media_type) == ("Boats", "text/markdown")
    assert found.text == "# Boats\n\nOne.\n\n## Sails\n\n\\# Two."


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (write.rich_text("One.", "Two.", "Three."), 2),
        (write.mail("Subject", "One.\nTwo.\nThree.\n"), 2),
        (write.mail("Subject", "\n\nOne.\nTwo.\n"), 4),
    ],
)
def test_line_of_the_words_of_rich_text_and_of_a_message(data, line):
    found = extract(data)
    assert found.place(found.text.index("Two")) == {"line": line}


def test_part_of_a_message_of_several_texts():
    message = (
        b"From: a@a.example\nTo: b@b.example\nMessage-ID: <1@a>\n"
        b"Content-Type: multipart/mixed; boundary=x\n\n"
        b"--x\n\nOne.\n--x\nContent-Type: image/png\nContent-ID: <a>\n\n\n--x\n\nTwo.\n--x--\n"
    )
    found = extract(message)
    assert (found.place(0), found.place(found.text.index("Two"))) == ({"part": 1}, {"part": 3})


# What cannot be read because it is too much.


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (write.rich_text(*[WORDS] * 9), {"line": 3}),
        (write.mail("Subject", "\n".join([WORDS.strip()] * 9)), {"line": 3}),
        (
            write.word(("h1", "One"), ("p", WORDS), ("h1", "Two"), ("p", WORDS * 2)),
            {"heading": "Two"},
        ),
    ],
)
def test_place_at_which_a_text_gets_too_long(data, place):
    assert fault(data, max_chars=800) == place


def test_line_of_a_message_with_too_many_parts():
    head = b"From: a\nTo: b\nMessage-ID: c\n\n"
    data = head + b"--b\nContent-Type: text/plain\n\nx\n" * 2500
    assert fault(data, as_format="message/rfc822") == {"line": 4 + 4 * 2000 + 2}


def test_line_of_an_element_with_too_many_attributes():
    attributes = " ".join(f"a{n}=1" for n in range(1500))
    page = "<html>" + "<p>Words of a page.</p>\n" * 500 + f"<p {attributes}>x</p>\n<p>y</p>"
    assert fault(page.encode()) == {"line": 501}


def test_reader_that_is_killed_leaves_the_place_it_was_at():
    extract(write.workbook(A=[["Words"]]))
    sandbox._idle[-1].limits = Limits(seconds=3)  # only now: starting it may take longer
    place = fault(sheet(LAST_COLUMNS, "A1"), limits=Limits(seconds=3))
    assert place["sheet"] == "A"
    assert place["cell"].startswith("A")
    assert int(place["cell"][1:]) >= 100


def test_reader_that_runs_out_of_memory_leaves_the_place_it_was_at():
    package = write.opendocument("<text:p>Words</text:p>")
    big = b"<text:p>" + b"<text:span/>" * 4_000_000 + b"</text:p></office:text>"
    data = changed(package, "content.xml", lambda one: one.replace(b"</office:text>", big))
    assert fault(data, limits=Limits(memory_mb=180)) == {"entry": "content.xml"}


def test_what_a_child_says_of_its_place_is_a_short_object_or_nothing():
    handle = sandbox_place.create()
    for written, told in {
        b'{"page": 3}': {"page": 3},
        b'{"page": [1, 2]}': {"page": "[1, 2]"},
        rb'{"sheet": "a\u202e\u0000b"}': {"sheet": "ab"},
        b'{"page": 1e999}': {"page": "inf"},
        b"[" * 1000: {},
        b"[1]": {},
        b'{"a":1,"b":2,"c":3,"d":4,"e":5}': {},
        b"\xff\xfe": {},
        b"": {},
    }.items():
        sandbox_place.clear(handle)
        os.pwrite(handle, written, 0)
        assert sandbox_place.noted(handle) == told
    os.close(handle)


def test_file_without_text_has_no_place():
    assert fault(write.pdf(["", ""])) == {}


def test_place_of_one_file_is_not_told_of_the_next():
    with pytest.raises(Unreadable):
        extract(write.pdf([WORDS, WORDS, WORDS]), max_chars=500)
    with pytest.raises(Unreadable) as caught:
        sandbox.call("extract", b"{}", kind="application/x-ipynb+json", max_chars=9)
    assert caught.value.place == {}


@pytest.mark.django_db
def test_place_stands_with_the_document_and_on_its_page(media, admin_client, admin_user):
    collection = CollectionFactory(owner=admin_user)
    data = changed(write.word(("p", "Words.")), "word/document.xml", torn)
    services.add_files(collection, [SimpleUploadedFile("a.docx", data)])
    ingest.run()
    document = Document.objects.get()
    assert (document.state, document.error_stage) == ("set_aside", "extract")
    assert document.error_place["entry"] == "word/document.xml"
    assert "entry word/document.xml" in admin_client.get(document.get_absolute_url()).text
    told = admin_client.get(f"/api/documents/{document.pk}/").json()
    assert told["error_place"] == document.error_place
