"""Questions, answers and citations in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from rag_app import answer
from rag_app.models import Answer, Citation, Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.conftest import NOTES
from tests.rag_app.test_answering import QUESTION

pytestmark = pytest.mark.django_db

NAMES = ["question", "answer", "citation"]


@pytest.fixture
def admin():
    client = Client()
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


@pytest.fixture
def question(no_chat):
    collection = CollectionFactory()
    embedded(collection, NOTES)
    return answer.ask(collection.owner, QUESTION, collection=collection)


def lists(name, **filters):
    return reverse(f"admin:rag_app_{name}_changelist", query=filters)


@pytest.mark.parametrize("name", NAMES)
def test_list_search_and_page_work(admin, question, name):
    assert admin.get(lists(name)).status_code == 200
    found = admin.get(lists(name, q="backup"))
    assert found.context["cl"].result_count >= 1
    pk = {"question": Question, "answer": Answer, "citation": Citation}[name].objects.first().pk
    page = admin.get(reverse(f"admin:rag_app_{name}_change", args=[pk]))
    assert page.status_code == 200
    assert "_save" not in page.content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_nobody_adds_rows_by_hand(admin, name):
    assert admin.get(reverse(f"admin:rag_app_{name}_add")).status_code == 403


@pytest.mark.parametrize("name", NAMES)
def test_queries_do_not_grow_with_the_rows(admin, question, name, count_queries):
    admin.get(lists(name))
    few = count_queries(lambda: admin.get(lists(name)))
    for _ in range(2):
        answer.ask(question.user, QUESTION, collection=question.collection)
    assert count_queries(lambda: admin.get(lists(name))) == few


def test_answer_leads_to_its_citations(admin, question):
    address = lists("citation", answer__id__exact=question.answer.pk)
    assert address.replace("&", "&amp;") in admin.get(lists("answer")).content.decode()
    answer.ask(question.user, QUESTION, collection=question.collection)
    rows = admin.get(address).context["cl"].queryset
    assert set(rows) == set(question.answer.citations.all())


def test_question_is_deleted_with_its_answer(admin, question):
    address = reverse("admin:rag_app_question_delete", args=[question.pk])
    assert admin.post(address, {"post": "yes"}).status_code == 302
    assert not Citation.objects.exists()
