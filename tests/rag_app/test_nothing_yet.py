"""Where there is nothing to answer from: no documents, none in what was asked, or none yet."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from collections_app.models import Document
from rag_app import answer
from rag_app.answer import chat_models
from rag_app.answer_text import pieces
from rag_app.models import Answer, ChatModel, Question
from tests.factories import CollectionFactory, DocumentFactory, UserFactory
from tests.rag_app.test_api import client_of
from tests.rag_app.test_sharing import logged_in

pytestmark = pytest.mark.django_db

WAITS = {"state": Document.State.QUEUED}
NONE_YET = "There is nothing to answer from yet."


def test_the_box_of_an_empty_site_says_where_to_begin(client):
    hers = CollectionFactory()
    DocumentFactory(collection=hers)  # nobody else's to ask
    told = client.get(reverse("ask")).content.decode()
    assert NONE_YET in told
    assert f"{reverse('login')}?next=/ask/" in told
    told = logged_in(UserFactory()).get(reverse("ask")).content.decode()
    assert NONE_YET in told
    assert f'href="{reverse("collection_new")}"' in told
    assert NONE_YET not in logged_in(hers.owner).get(reverse("ask")).content.decode()


def test_an_empty_collection_leads_its_owner_to_add_documents(no_chat):
    home = CollectionFactory(public=True)
    place = f'href="{reverse("documents_add", args=[home.pk])}"'
    for user, offered in ((home.owner, True), (UserFactory(), False)):
        asked = answer.ask(user, "What is here?", collection=home)
        told = logged_in(user).get(asked.get_absolute_url()).content.decode()
        assert "There is nothing here yet to answer from" in told
        assert (place in told) is offered


def test_documents_that_wait_are_told_with_no_answer(no_chat):
    owner = UserFactory(is_superuser=True, username="admin")
    home = CollectionFactory(owner=owner)
    DocumentFactory.create_batch(2, collection=home, **WAITS)
    DocumentFactory(collection=CollectionFactory(owner=owner), **WAITS)  # was not asked
    DocumentFactory(**WAITS)  # another's
    asked = answer.ask(owner, "What is here?", collection=home)
    page = logged_in(owner).get(asked.get_absolute_url()).content.decode()
    assert "2 documents are not embedded yet, so they cannot be found." in page
    api = client_of(owner)
    assert api.get(f"/api/questions/{asked.pk}/").json()["waiting"] == 2
    assert "2 documents are not embedded yet" in "".join(pieces(answer.read(asked)))
    with pytest.raises(CommandError, match="2 documents are not embedded yet"):
        call_command("ask", "What is here?", "-c", home.name, stdout=io.StringIO())
    assert answer.waiting(answer.ask(owner, "What is where?")) == 3
    Document.objects.update(state=Document.State.READY)
    assert api.get(f"/api/questions/{asked.pk}/").json()["waiting"] == 0


def test_an_answer_that_was_found_counts_nothing(notes, no_chat):
    DocumentFactory(collection=notes, **WAITS)
    asked = answer.ask(notes.owner, "When is the sqlite backup run?", collection=notes)
    assert Question.objects.get().answer.kind == "extractive"
    assert answer.waiting(asked) == 0


def test_many_other_chat_models_are_a_list(notes, chat_server):
    names = [f"other-{n}" for n in range(4)]
    asked = answer.ask(notes.owner, "When is the sqlite backup run?", collection=notes)
    Answer.objects.update(state="failed", problem={"kind": "empty"})
    for n, name in enumerate(names):
        chat_models.save(
            ChatModel(backend="openai-compatible", ref=name), base_url=f"{chat_server.url}/v1"
        )
        page = logged_in(notes.owner).get(asked.get_absolute_url()).content.decode()
        assert ("Ask it" in page) is (n == 3)
    assert all(f"<option>{name}</option>" in page for name in names)


def test_filters_that_leave_no_document_are_told(notes, no_chat):
    asked = answer.ask(notes.owner, "When?", collection=notes, filters=["type:pdf"])
    page = logged_in(notes.owner).get(asked.get_absolute_url()).content.decode()
    assert "No document is left by the filters." in page
    assert "There is nothing here yet" not in page


def test_what_is_no_filter_is_told_at_its_field(notes, no_chat):
    made = logged_in(notes.owner).post(
        reverse("ask"), {"question": "When?", "filter": "type:pdf\nfree words"}
    )
    page = made.content.decode()
    assert made.status_code == 422
    assert "“free words” is no filter." in page.split('id="id_filter_error"')[1]
    assert not Question.objects.exists()
