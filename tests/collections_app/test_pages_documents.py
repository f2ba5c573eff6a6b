"""One document: changing it, also two people at a time, downloading, deleting, retrying."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from collections_app import ingest, services
from collections_app.models import Document
from tests.factories import CollectionFactory, DocumentFactory, embedded

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(client):
    [document] = embedded(CollectionFactory(), {"a": "A quiet morning."})
    client.force_login(document.collection.owner)
    return document


def page_of(client, document):
    return client.get(reverse("document_edit", args=[document.pk]))


def save(client, form, document, **changes):
    """Send the form as a browser would: all it shows, with the changes."""
    shown = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
    return client.post(reverse("document_edit", args=[document.pk]), shown | changes)


def test_ready_text_is_offered_and_changed(client, document):
    form = page_of(client, document).context["form"]
    assert form["body"].value() == "A quiet morning."
    assert document.body is None  # `text` stands for it
    response = save(client, form, document, body="A loud\r\nevening.", title="Evening")
    assert response["Location"] == document.get_absolute_url()
    ingest.run()
    document.refresh_from_db()
    assert (document.text, document.title) == ("A loud\nevening.", "Evening")
    assert (document.state, document.revision) == ("ready", 2)


def test_saving_unchanged_embeds_nothing(client, document):
    save(client, page_of(client, document).context["form"], document)
    document.refresh_from_db()
    assert (document.state, document.revision) == ("ready", 1)


def test_document_that_came_as_a_file_offers_no_text(client, media):
    collection = CollectionFactory()
    services.add_files(collection, [SimpleUploadedFile("a.txt", b"Words.")])
    ingest.run()
    client.force_login(collection.owner)
    document = collection.documents.get()
    response = page_of(client, document)
    assert "body" not in response.context["form"].fields
    assert "To change it, add a file of the same name." in response.content.decode()
    save(client, response.context["form"], document, title="Renamed")
    document.refresh_from_db()
    assert (document.title, document.blob_id is None) == ("Renamed", False)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"body": ""}, "body", "This field is required."),
        ({"metadata": "[1]"}, "metadata", "Metadata must be a JSON object: {…}."),
        ({"metadata": "{"}, "metadata", "Enter a valid JSON."),
        ({"title": "x" * 501}, "title", "Ensure this value has at most 500 characters (it has"),
        ({"body": "a\x00"}, "body", "Null characters are not allowed."),
        ({"body": "  \n"}, "__all__", "The text is empty. Give it some words."),
        ({"title": "a\x07b"}, "__all__", "The title has control characters in it. Remove them."),
    ],
)
def test_bad_edit_is_refused_and_what_was_typed_stays(client, document, changes, field, message):
    response = save(client, page_of(client, document).context["form"], document, **changes)
    assert response.status_code == 200
    form = response.context["form"]
    assert form.errors[field][0].startswith(message)
    assert all(form[name].value() == value for name, value in changes.items())
    document.refresh_from_db()
    assert document.revision == 1


def test_second_of_two_editors_is_told_and_may_then_replace(client, document):
    form = page_of(client, document).context["form"]
    services.edit_document(document, body="The other's words.")
    response = save(client, form, document, body="My words.")
    assert response.status_code == 200
    form = response.context["form"]
    assert form.errors["__all__"][0].startswith("The document was changed while you were editing")
    assert form["body"].value() == "My words."
    document.refresh_from_db()
    assert document.source_text == "The other's words."
    save(client, form, document)
    document.refresh_from_db()
    assert document.source_text == "My words."


def test_markup_in_a_text_and_a_title_is_shown_as_text(client, document):
    services.edit_document(document, title="<b>x</b>", body="</textarea><script>y</script>")
    page = page_of(client, document).content.decode()
    assert "<b>x</b>" not in page
    assert "<script>y" not in page
    assert "&lt;script&gt;y" in page


def test_download_is_the_content_as_it_came(client, document):
    response = client.get(reverse("document_file", args=[document.pk]))
    assert b"".join(response.streaming_content) == b"A quiet morning."
    assert response["Content-Disposition"] == 'attachment; filename="a"'
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_download_of_a_file_has_its_bytes_and_its_name(client, media):
    collection = CollectionFactory(public=True)
    file = SimpleUploadedFile("x", b"<script>x</script>Words.")
    stored = services.store_blob(file, 100)
    item = services.Incoming('notes/a"b.html', blob=stored, media_type="text/html")
    services.add_documents(collection, [item])
    response = client.get(reverse("document_file", args=[collection.documents.get().pk]))
    assert b"".join(response.streaming_content) == b"<script>x</script>Words."
    assert response["Content-Disposition"] == 'attachment; filename="a\\"b.html"'


def test_download_of_a_lost_file_is_a_404(client, media):
    collection = CollectionFactory(public=True)
    services.add_files(collection, [SimpleUploadedFile("a.txt", b"Words.")])
    [path] = [path for path in media.rglob("*") if path.is_file()]
    path.unlink()
    response = client.get(reverse("document_file", args=[collection.documents.get().pk]))
    assert response.status_code == 404


def test_delete_asks_first_and_then_deletes(client, document):
    url = reverse("document_delete", args=[document.pk])
    assert client.get(url).status_code == 200
    assert Document.objects.count() == 1
    response = client.post(url)
    assert response["Location"] == document.collection.get_absolute_url()
    assert Document.objects.count() == 0


@pytest.mark.parametrize("back", ["", "collection"])
def test_retry_puts_the_document_back_and_returns(client, document, back):
    Document.objects.update(state="set_aside", attempts=3, error="It failed.")
    response = client.post(reverse("document_retry", args=[document.pk]), {"back": back})
    target = document.collection if back else document
    assert response["Location"] == target.get_absolute_url()
    document.refresh_from_db()
    assert (document.state, document.attempts, document.error) == ("queued", 0, "")


def test_reembed_puts_a_ready_document_back(client, document):
    client.post(reverse("document_reembed", args=[document.pk]))
    document.refresh_from_db()
    assert (document.state, document.revision) == ("queued", 2)


def test_other_documents_are_left_alone(client, document):
    other = DocumentFactory(collection=document.collection, state="set_aside")
    client.post(reverse("document_reembed", args=[document.pk]))
    client.post(reverse("document_retry", args=[document.pk]))
    other.refresh_from_db()
    assert other.state == "set_aside"
