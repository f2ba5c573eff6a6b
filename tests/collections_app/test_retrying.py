"""What was set aside is tried again with other settings: page, API and command."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from collections_app import ingest, services
from collections_app.models import Collection, Document
from collections_app.services import Incoming, Rejected, add_documents, add_files
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

LONG = " ".join(f"Sentence number {n} here." for n in range(60))
RUSSIAN = "Привет, гавань"


@pytest.fixture
def collection(media, admin_user):
    return CollectionFactory(owner=admin_user, name="notes")


@pytest.fixture
def aside(collection, encoder):
    """A long text that the encoder refused, and the encoder is well again."""
    encoder.scale = 0.0
    add_documents(collection, [Incoming("long", body=LONG)])
    ingest.run()
    encoder.scale = 1.0
    document = Document.objects.get()
    assert document.state == "set_aside"
    return document


def longest(document):
    document.refresh_from_db()
    assert document.state == "ready", document.error
    return max(document.passages.values_list("token_count", flat=True))


def file(collection, name, data):
    assert add_files(collection, [SimpleUploadedFile(name, data)]).problems == []
    ingest.run()
    return Document.objects.get(external_id=name)


def test_one_is_tried_with_shorter_passages_and_others_stay_as_they_are(collection, aside):
    count = services.retry_otherwise(
        collection, collection.documents.all(), {"passage_tokens": 20, "passage_overlap": 0}
    )
    assert count == 1
    ingest.run()
    assert longest(aside) <= 20
    other = embedded(collection, {"other": LONG})[0]
    assert longest(other) > 40
    services.edit_collection(collection, passage_tokens=32)
    ingest.run()
    assert longest(aside) <= 20
    assert 20 < longest(other) <= 32


def test_own_length_is_taken_back_by_editing(collection, aside):
    services.retry_otherwise(collection, collection.documents.all(), {"passage_tokens": 20})
    ingest.run()
    aside.refresh_from_db()
    services.edit_document(aside, passage_tokens=None)
    ingest.run()
    assert longest(aside) > 40


def test_ready_documents_are_left_alone(collection):
    [document] = embedded(collection, {"a": LONG})
    assert services.retry_otherwise(collection, collection.documents.all(), {"as_format": ""}) == 0
    document.refresh_from_db()
    assert (document.state, document.revision) == ("ready", 1)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"passage_tokens": 65}, "The passage length is 65 tokens; this model takes from 16 to 64"),
        ({"passage_overlap": 17}, "The passage overlap is 17 tokens; the most is 16"),
        ({"passage_tokens": 40, "passage_overlap": 11}, "the most is 10"),
        ({"as_encoding": "cp1252"}, "It came as text, which has no encoding"),
        ({"as_format": "application/pdf"}, "“application/pdf” is no format that can be read"),
    ],
)
def test_what_it_cannot_have_is_refused(collection, aside, admin_client, wanted, reason):
    with pytest.raises(Rejected, match=reason):
        services.retry_otherwise(collection, collection.documents.all(), wanted)
    answer = admin_client.post(f"/api/documents/{aside.pk}/retry/", wanted, "application/json")
    assert (answer.status_code, reason in answer.text) == (400, True)
    aside.refresh_from_db()
    assert aside.state == "set_aside"


def test_texts_leave_out_what_only_files_can_have(collection, aside):
    broken = file(collection, "a.html", b"<p></p>")
    assert broken.state == "set_aside"
    wanted = {"as_format": "application/rtf", "as_encoding": "koi8-r", "passage_tokens": 24}
    assert services.retry_otherwise(collection, collection.documents.all(), wanted) == 2
    aside.refresh_from_db()
    broken.refresh_from_db()
    assert (aside.as_format, aside.as_encoding, aside.passage_tokens) == ("", "", 24)
    assert (broken.as_format, broken.as_encoding) == ("application/rtf", "koi8-r")


def test_format_brings_back_what_the_first_reading_dropped(collection):
    [document] = embedded(collection, {"a": "One *two*."})
    services.cancel(collection, "nobody")
    Document.objects.update(state="set_aside")
    services.retry_otherwise(collection, collection.documents.all(), {"as_format": "text/markdown"})
    document.refresh_from_db()
    assert document.body == "One *two*."


def test_page_of_a_document(admin_client, collection):
    document = file(collection, "a.html", b"<html><body><p>  </p></body></html>")
    assert document.state == "set_aside"
    address = reverse("document_retry_settings", args=[document.pk])
    assert address in admin_client.get(document.get_absolute_url()).text
    page = admin_client.get(address).text
    for name in ("as_format", "as_encoding", "passage_tokens", "passage_overlap"):
        assert f'name="{name}"' in page
    sent = {"as_format": "text/plain", "passage_tokens": "99"}
    assert "this model takes from 16 to 64" in admin_client.post(address, sent).text
    assert admin_client.post(address, sent | {"passage_tokens": "16"}).status_code == 302
    ingest.run()
    document.refresh_from_db()
    assert (document.state, document.format) == ("ready", "text/plain")
    shown = admin_client.get(document.get_absolute_url()).text
    assert "at most 16 tokens" in shown
    assert "there is nothing to try again" in admin_client.get(address).text


def test_page_of_a_collection(admin_client, collection, aside):
    address = reverse("retry_settings", args=[collection.pk])
    assert address in admin_client.get(collection.get_absolute_url()).text
    assert "1 document that was set aside" in admin_client.get(address).text
    assert admin_client.post(address, {"passage_tokens": "20"}).status_code == 302
    ingest.run()
    assert longest(aside) <= 20
    assert "No document of this collection is set aside" in admin_client.get(address).text


def test_what_is_left_empty_on_a_collections_page_stays_with_each(admin_client, collection):
    document = file(collection, "a.txt", RUSSIAN.encode("koi8-r"))
    services.edit_document(document, as_encoding="koi8-r", passage_tokens=20)
    services.cancel(collection, "nobody")
    address = reverse("retry_settings", args=[collection.pk])
    admin_client.post(address, {"as_format": "", "passage_tokens": "", "passage_overlap": "2"})
    document.refresh_from_db()
    assert (document.as_encoding, document.passage_tokens, document.passage_overlap) == (
        "koi8-r",
        20,
        2,
    )


@pytest.mark.parametrize("name", ["retry_settings", "document_retry_settings"])
def test_others_see_no_such_page(client, collection, aside, name):
    Collection.objects.update(visibility="public")
    client.force_login(UserFactory())
    pk = aside.pk if name.startswith("document") else collection.pk
    assert client.get(reverse(name, args=[pk])).status_code == 404
    assert client.post(reverse(name, args=[pk]), {"passage_tokens": 20}).status_code == 404


def test_api_tries_again_otherwise_and_takes_settings_back(admin_client, collection, aside):
    address = f"/api/collections/{collection.pk}/retry/"
    answer = admin_client.post(address, {"passage_tokens": 20}, "application/json")
    assert (answer.status_code, answer.json()) == (202, {"queued": 1})
    ingest.run()
    assert longest(aside) <= 20
    one = f"/api/documents/{aside.pk}/"
    assert admin_client.get(one).json()["passage_tokens"] == 20
    told = admin_client.patch(one, {"passage_tokens": None}, "application/json").json()
    assert told["passage_tokens"] is None
    bad = admin_client.post(address, {"passage_tokens": "many"}, "application/json")
    assert (bad.status_code, "passage_tokens" in bad.text) == (400, True)


def test_command(collection, aside, capsys):
    file(collection, "a.html", b"<p></p>")
    ids = ["--id", "long", "--passage-tokens", "20", "--passage-overlap", "0"]
    call_command("collections", "retry", "notes", *ids)
    assert "Queued 1 documents of notes." in capsys.readouterr().err
    ingest.run()
    assert longest(aside) <= 20
    with pytest.raises(CommandError, match=r"Not set aside in notes: long, nowhere\."):
        call_command("collections", "retry", "notes", "--id", "long", "--id", "nowhere")
    with pytest.raises(CommandError, match="No encoding is called “nonsense”"):
        call_command("collections", "retry", "notes", "--encoding", "nonsense")
    call_command("collections", "retry", "notes")
    assert "Queued 1 documents" in capsys.readouterr().err
