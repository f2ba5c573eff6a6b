"""A file that cannot be read tells which page, cell, line or entry is to blame."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from collections_app import ingest, services
from collections_app.models import Document
from collections_app.pipeline.extract import extract
from collections_app.pipeline.extracted import Unreadable, at
from tests.collections_app import written_files as write
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
