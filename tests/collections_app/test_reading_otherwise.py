"""Format and encoding as they were found, and told to be others: page, form, API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from collections_app import ingest
from collections_app.models import Document
from collections_app.services import Rejected, add_files, edit_document
from tests.collections_app.written_files import pdf
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db

RUSSIAN = "Привет, гавань"


@pytest.fixture
def collection(media, admin_user):
    return CollectionFactory(owner=admin_user)


def added(collection, name, data):
    result = add_files(collection, [SimpleUploadedFile(name, data)])
    assert result.problems == []
    ingest.run()
    return Document.objects.get(pk=result.added[0])


def reread(document):
    ingest.run()
    document.refresh_from_db()
    return document.state, document.text


def test_encoding_that_is_told_is_used_and_can_be_taken_back(collection):
    document = added(collection, "a.txt", RUSSIAN.encode("koi8-r"))
    first = document.text
    edit_document(document, as_encoding="koi8-r")
    assert document.state == "queued"
    assert reread(document) == ("ready", RUSSIAN)
    assert (document.encoding, document.as_encoding) == ("koi8-r", "koi8-r")
    edit_document(document, as_encoding="")
    assert reread(document) == ("ready", first)


def test_format_that_is_told_is_used(collection):
    document = added(collection, "a.html", b"<html><body><p>Boats</p></body></html>")
    assert (document.text, document.format) == ("Boats", "text/html")
    edit_document(document, as_format="text/plain")
    assert reread(document) == ("ready", "<html><body><p>Boats</p></body></html>")
    assert document.format == "text/plain"
    edit_document(document, as_format="application/pdf")
    assert reread(document)[0] == "set_aside"
    assert document.error.startswith("The PDF is damaged")


def test_text_given_is_kept_while_it_is_read_otherwise(collection):
    [document] = embedded(collection, {"a": "One *two*\nthree."})
    edit_document(document, as_format="text/html")
    assert reread(document) == ("ready", "One *two* three.")
    edit_document(document, as_format="text/plain")
    assert reread(document) == ("ready", "One *two*\nthree.")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"as_format": "image/x-none"}, "“image/x-none” is no format that can be read."),
        ({"as_format": "application/pdf"}, "“application/pdf” is no format that can be read."),
        ({"as_encoding": "utf-8"}, "It came as text, which has no encoding"),
    ],
)
def test_what_cannot_be_told_of_a_text_is_refused(collection, change, reason):
    [document] = embedded(collection, {"a": "Boats."})
    with pytest.raises(Rejected, match=reason):
        edit_document(document, **change)


def test_unknown_encoding_is_refused(collection):
    document = added(collection, "a.txt", b"Boats.")
    with pytest.raises(Rejected, match="No encoding is called “nonsense”"):
        edit_document(document, as_encoding="nonsense")


def test_edit_page_tells_how_to_read(admin_client, collection):
    document = added(collection, "a.txt", RUSSIAN.encode("koi8-r"))
    address = reverse("document_edit", args=[document.pk])
    page = admin_client.get(address).text
    assert 'name="as_format"' in page
    assert 'name="as_encoding"' in page
    sent = {"title": "A", "metadata": "{}", "revision": document.revision}
    sent |= {"as_format": "text/markdown", "as_encoding": "koi8-r"}
    assert admin_client.post(address, sent).status_code == 302
    assert reread(document) == ("ready", RUSSIAN)
    shown = admin_client.get(document.get_absolute_url()).text
    assert "<dt>Format</dt><dd>Markdown" in shown
    assert "<dt>Encoding</dt><dd>koi8-r" in shown


def test_edit_page_of_a_text_has_no_encoding(admin_client, collection):
    [document] = embedded(collection, {"a": "Boats."})
    page = admin_client.get(reverse("document_edit", args=[document.pk])).text
    assert 'name="as_format"' in page
    assert 'name="as_encoding"' not in page
    assert "application/pdf" not in page


def test_api_tells_and_takes_how_to_read(admin_client, collection):
    document = added(collection, "a.txt", RUSSIAN.encode("koi8-r"))
    address = f"/api/documents/{document.pk}/"
    answer = admin_client.patch(address, {"as_encoding": "koi8-r"}, "application/json")
    assert (answer.status_code, answer.json()["as_encoding"]) == (200, "koi8-r")
    ingest.run()
    told = admin_client.get(address).json()
    assert (told["format"], told["encoding"]) == ("text/plain", "koi8-r")
    assert told["text"] == RUSSIAN
    [passage] = admin_client.get(f"{address}passages/").json()["results"]
    assert passage["place"] == {"line": 1}


def test_page_shows_the_places_of_passages(admin_client, collection):
    lines = "\n".join(["The harbour is quiet and the boats are at home."] * 4)
    document = added(collection, "a.pdf", pdf([lines, lines]))
    page = admin_client.get(document.get_absolute_url()).text
    last = document.passages.order_by("ordinal").filter(place={"page": 2}).first()
    assert f'<span id="p{last.ordinal}" class="place">page 2</span>' in page
    assert f'href="?p={last.ordinal}#p{last.ordinal}">page 2</a>' in page
    assert f'href="{reverse("document_file", args=[document.pk])}#page=2"' in page
    assert "<dt>Format</dt><dd>PDF</dd>" in page
    found = admin_client.get(reverse("search"), {"q": "quiet harbour"}).text
    assert ">page 1</a>" in found or ">page 2</a>" in found
