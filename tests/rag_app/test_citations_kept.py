"""Citations stay valid: after a reload, another split, another model, and an edit."""

from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse

from collections_app import ingest, services
from collections_app.models import Document
from rag_app import answer
from rag_app.language import chat
from rag_app.models import Answer, Question
from tests.collections_app.written_files import pdf
from tests.factories import EmbeddingModelFactory, embedded
from tests.rag_app.test_answering import QUESTION, asked, read

pytestmark = pytest.mark.django_db

SAID = "The backup is copied to another machine before sunrise."


@pytest.fixture
def question(notes, chat_server):
    """Answered in a sentence that the second one of a note says."""
    made = asked(notes)
    model = chat.ScriptedChat(["The backup is copied to another machine ", "before sunrise [1]."])
    list(answer.stream(made, chat=model))
    return Question.objects.select_related("answer").get(pk=made.pk)


def mark(question):
    return next(one for one in read(question).segments if one.number)


def opened(question):
    client = Client()
    client.force_login(question.user)
    return client.get(mark(question).url.partition("#")[0], follow=True)


def holds(question):
    one, document = mark(question), Document.objects.get(external_id="backup")
    assert one.quote == SAID
    assert f"/d/{document.pk}/?start=" in one.url
    start, end = (
        int(part.partition("=")[2]) for part in one.url.split("?")[1].split("#")[0].split("&")
    )
    assert document.text[start:end] == SAID
    assert f'<mark id="mark">{SAID}</mark>' in opened(question).content.decode()


def test_after_a_reload(question):
    assert read(question).text == read(question).text
    holds(question)
    assert (
        read(question).quotes[0].content_hash
        == Document.objects.get(external_id="backup").content_hash
    )


def test_after_another_split(question, notes):
    services.edit_collection(notes, passage_tokens=16, passage_overlap=0)
    ingest.run()
    assert Document.objects.get(external_id="backup").passages.count() > 1
    assert {one.passage_id for one in read(question).passages} == {None}
    holds(question)


def test_after_another_model(question, notes):
    other = EmbeddingModelFactory(name="other", ref="other", dimension=64)
    Document.objects.filter(collection=notes).update(state=Document.State.QUEUED)
    notes.embedding_model = other
    notes.save()
    ingest.run()
    assert notes.documents.get(external_id="backup").active_passages().exists()
    holds(question)


def test_after_an_edit_that_moves_it(question, notes):
    document = notes.documents.get(external_id="backup")
    services.edit_document(document, body="A line before all.\n\n" + document.text)
    ingest.run()
    citation = read(question).quotes[0]
    assert (citation.current, citation.moved) == (False, len("A line before all.\n\n"))
    holds(question)
    client = Client()
    client.force_login(question.user)
    html = client.get(question.get_absolute_url()).content.decode()
    assert "changed since" not in html


def test_after_all_four_one_after_the_other(question, notes):
    """A reload, another split, another model, and edits: one that moves it, one that ends it."""
    holds(question)
    services.edit_collection(notes, passage_tokens=16, passage_overlap=0)
    ingest.run()
    holds(question)
    other = EmbeddingModelFactory(name="other", ref="other", dimension=64)
    Document.objects.filter(collection=notes).update(state=Document.State.QUEUED)
    notes.embedding_model = other
    notes.save()
    ingest.run()
    holds(question)
    document = notes.documents.get(external_id="backup")
    services.edit_document(document, body=f"A line before all.\n\n{document.text}")
    ingest.run()
    holds(question)
    document.refresh_from_db()
    services.edit_document(document, body="# Backups\n\nNo more of that.")
    ingest.run()
    html = opened(question).content.decode()
    assert "it no longer says this" in html
    assert f'<mark id="mark">{SAID}</mark>' in html


def test_after_an_edit_that_takes_it_away(question, notes):
    document = notes.documents.get(external_id="backup")
    services.edit_document(document, body="# Backups\n\nNo more of that.")
    ingest.run()
    citation = read(question).quotes[0]
    assert (citation.current, citation.moved) == (False, None)
    assert mark(question).url.startswith(f"/q/{question.pk}/c/1/?start=")
    html = opened(question).content.decode()
    assert f'<mark id="mark">{SAID}</mark>' in html
    assert "Run the sqlite backup command every night." in html
    assert "it no longer says this" in html
    client = Client()
    client.force_login(question.user)
    assert "changed since" in client.get(question.get_absolute_url()).content.decode()


@pytest.mark.parametrize("span", ["start=200&end=900", "start=x&end=9", "start=9&end=9", ""])
def test_span_that_is_not_in_the_citation_opens_all_of_it(question, notes, span):
    client = Client()
    client.force_login(question.user)
    one = read(question).quotes[0]
    place = reverse("citation", args=[question.pk, 1])
    assert client.get(f"{place}?{span}")["Location"] == one.get_absolute_url()


def test_citation_of_others_or_of_no_such_number_is_not_there(question, client):
    place = reverse("citation", args=[question.pk, 1])
    assert client.get(place).status_code == 404
    client.force_login(question.user)
    assert client.get(reverse("citation", args=[question.pk, 99])).status_code == 404


def test_deleted_document_takes_the_checked_sentences_along(question, notes):
    services.delete_documents(notes.documents.filter(external_id="backup"))
    assert Answer.objects.get().checks == []


def test_answer_that_nothing_supports_says_so(notes, chat_server, client):
    made = asked(notes)
    list(answer.stream(made, chat=chat.ScriptedChat(["Whales sing in winter [1]."])))
    reading = read(made)
    assert (reading.unfounded, reading.unsupported) == (True, True)
    assert [one.why for one in reading.doubts] == ["unlike", "unlike"][: len(reading.doubts)]
    client.force_login(notes.owner)
    html = client.get(made.get_absolute_url()).content.decode()
    assert "No passage supports any of this" in html


def test_wrong_number_is_marked_and_told(notes, chat_server, client):
    made = asked(notes)
    text = "The 7 backups are copied to another machine before sunrise [1]."
    list(answer.stream(made, chat=chat.ScriptedChat([text])))
    assert read(made).doubts[0].missing == ("7",)
    assert all(any(map(str.isalnum, one.text)) for one in read(made).doubts)  # no "." alone
    client.force_login(notes.owner)
    html = client.get(made.get_absolute_url()).content.decode()
    assert "Not in what it rests on: 7" in html


def test_model_of_inference_that_is_not_there_leaves_the_line(notes, chat_server, settings):
    settings.ENTAILMENT_MODEL = "/nowhere/at/all"
    made = asked(notes)
    list(answer.stream(made, chat=chat.ScriptedChat([f"{SAID}"])))
    assert not read(made).unsupported


def test_model_of_inference_of_the_settings_is_asked(notes, chat_server, settings):
    settings.ENTAILMENT_MODEL = "fake"
    made = asked(notes)
    model = chat.ScriptedChat([f"{SAID} To another machine the backup goes, copied softly [1]."])
    list(answer.stream(made, chat=model))
    assert [one.why for one in read(made).doubts] == ["not_entailed", "not_entailed"][
        : len(read(made).doubts)
    ]
    assert read(made).doubts


def test_lines_of_code_are_those_of_the_span(notes, no_chat):
    from rag_app.answer.places import place_of

    text = "first\nsecond\nthird\nfourth"
    assert place_of({"line": 10, "to": 13}, text, 0, 6, 18) == {"line": 11, "to": 12}
    assert place_of({"page": 3}, text, 0, 6, 18) == {"page": 3}
    assert place_of({}, text, 0, 0, 5) == {}


def test_citation_of_code_opens_at_its_line(notes, no_chat, client):
    text = "def lantern(keeper):\n    # The lantern keeper sleeps at noon in the tower.\n    pass\n"
    embedded(notes, {"keeper.py": text}, media_type="text/x-python")
    made = answer.ask(notes.owner, "When does the lantern keeper sleep?", collection=notes)
    first = read(made).citations[0]
    assert (first.document.external_id, first.place.get("line")) == ("keeper.py", 1)
    client.force_login(notes.owner)
    html = client.get(first.url.partition("#")[0]).content.decode()
    assert 'id="L1"' in html
    assert "<mark" in html


def test_citation_of_a_pdf_opens_at_its_page(notes, no_chat, client):
    before = " ".join(f"Ship {n} left the harbour at dawn." for n in range(30))
    pages = [before, "The lantern keeper sleeps at noon in the old tower."]
    blob = services.store_blob(BytesIO(pdf(pages)), 10**6)
    services.add_documents(notes, [services.Incoming(external_id="keeper.pdf", blob=blob)])
    ingest.run()
    made = answer.ask(notes.owner, "When does the lantern keeper sleep?", collection=notes)
    first = read(made).citations[0]
    assert first.document.external_id == "keeper.pdf"
    page = first.place["page"]
    assert first.place.get("to", page) == 2
    client.force_login(notes.owner)
    html = client.get(first.url.partition("#")[0]).content.decode()
    assert '<mark id="mark">' in html
    html = client.get(made.get_absolute_url()).content.decode()
    assert f'href="/d/{first.document_id}/file/#page={page}">page' in html


def test_place_in_the_source_stands_beside_the_quote(notes, no_chat, client):
    embedded(notes, {"x": "The lantern keeper sleeps at noon in the old tower."})
    made = answer.ask(notes.owner, "When does the lantern keeper sleep?", collection=notes)
    made.answer.citations.update(place={"page": 3})
    client.force_login(notes.owner)
    assert "page 3" in client.get(made.get_absolute_url()).content.decode()
    assert QUESTION
