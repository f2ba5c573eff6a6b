"""Somebody with an account, a reading token or a page of their own, after what is not theirs."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from collections_app import services
from collections_app.models import ApiToken, Collection
from collections_app.services import create_token
from collections_app.throttles import AskThrottle, BoxThrottle
from rag_app import answer
from rag_app.models import Answer, Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.chat_server import streamed
from tests.rag_app.conftest import NOTES
from tests.rag_app.test_answering import QUESTION

pytestmark = pytest.mark.django_db

EVIL = "https://evil.example"
SECRET = "Run the sqlite backup"


@pytest.fixture
def question(notes, no_chat):
    return answer.ask(notes.owner, QUESTION, collection=notes)


@pytest.fixture
def thief():
    client = Client()
    client.force_login(UserFactory(username="thief"))
    return client


def addresses(question):
    """Every address of a question, with the methods that do something there."""
    names = ["question", "question_stream", "question_stop", "question_retry", "question_delete"]
    made = [(reverse(name, args=[question.pk]), "get post") for name in names]
    made.append((reverse("citation", args=[question.pk, 1]), "get"))
    detail = reverse("api-questions-detail", args=[question.pk])
    return [*made, (detail, "get delete"), (f"{detail}stream/", "get"), (f"{detail}retry/", "post")]


def tokens(user, scope=ApiToken.Scope.READ):
    _row, key = create_token(user, "t", scope)
    return {"authorization": f"Bearer {key}"}


def test_question_of_another_is_nowhere(question, thief, client):
    for who, headers in (
        (thief, {}),
        (client, {}),
        (client, tokens(UserFactory(), ApiToken.Scope.WRITE)),
    ):
        for address, methods in addresses(question):
            for method in methods.split():
                made = getattr(who, method)(address, headers=headers)
                assert made.status_code in (401, 403, 404, 405), (address, method)
                assert SECRET not in made.content.decode()
    assert Answer.objects.get().citations.exists()


def test_staff_read_no_questions_on_the_pages_of_others(question, client):
    client.force_login(UserFactory(is_staff=True))
    assert client.get(question.get_absolute_url()).status_code == 404


def test_collection_that_was_shared_is_gone_from_every_answer(thief, no_chat):
    home = CollectionFactory(public=True)
    embedded(home, NOTES)
    reader = UserFactory()
    thief.force_login(reader)
    asked = answer.ask(reader, QUESTION, collection=home)
    assert SECRET in thief.get(asked.get_absolute_url()).content.decode()
    Collection.objects.filter(pk=home.pk).update(visibility="private")
    for address, methods in addresses(asked):
        if "get" in methods.split():
            made = thief.get(address)
            body = b"".join(made) if made.streaming else made.content
            assert SECRET not in body.decode(), address
            assert home.name not in body.decode(), address
    again = thief.post(reverse("question_retry", args=[asked.pk]), follow=True).content.decode()
    assert SECRET not in again


def test_deleted_document_is_gone_from_every_answer(notes, chat_server, client):
    client.force_login(notes.owner)
    chat_server.reply = streamed(f"{SECRET} command every night [1].")
    written = answer.ask(notes.owner, QUESTION, collection=notes)
    answer.write(written)
    quoted = answer.ask(notes.owner, QUESTION, collection=notes, chat="quotes")
    for one in (written, quoted):
        assert SECRET in client.get(one.get_absolute_url()).content.decode()
    services.delete_documents(notes.documents.filter(external_id="backup"))
    for one in (written, quoted):
        for address, methods in addresses(one):
            if "get" in methods.split():
                made = client.get(address)
                body = b"".join(made) if made.streaming else made.content
                assert SECRET not in body.decode(), address
    assert SECRET not in json.dumps(list(Answer.objects.values("text", "checks", "error")))


def test_reading_token_asks_but_deletes_nothing_and_sets_nothing_up(question, client):
    headers = tokens(question.user)
    detail = reverse("api-questions-detail", args=[question.pk])
    assert client.get(detail, headers=headers).status_code == 200
    assert client.delete(detail, headers=headers).status_code == 403
    made = client.post(
        reverse("api-chat-models-list"), {"ref": "x"}, "application/json", headers=headers
    )
    assert made.status_code == 403
    staff = tokens(UserFactory(is_staff=True))
    made = client.post(
        reverse("api-chat-models-list"), {"ref": "x"}, "application/json", headers=staff
    )
    assert made.status_code == 403
    ApiToken.objects.all().delete()
    assert client.get(detail, headers=headers).status_code == 401


@pytest.mark.parametrize("name", ["question_stop", "question_retry", "question_delete"])
def test_forms_of_other_sites_do_nothing(question, name):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(question.user)
    made = strict.post(reverse(name, args=[question.pk]), headers={"origin": EVIL})
    assert made.status_code == 403
    assert strict.post(reverse("ask"), {"question": QUESTION}).status_code == 403
    asked = strict.post(
        reverse("api-questions-list"), {"question": QUESTION}, content_type="application/json"
    )
    assert asked.status_code == 403
    assert Question.objects.count() == 1


def test_other_sites_cannot_read_a_stream(question, client, settings):
    client.force_login(question.user)
    for address in (
        reverse("question_stream", args=[question.pk]),
        f"{reverse('api-questions-detail', args=[question.pk])}stream/",
        reverse("api-questions-list"),
    ):
        made = client.get(address, headers={"origin": EVIL})
        assert made.status_code == 200
        assert "Access-Control-Allow-Credentials" not in made.headers
        assert made.headers.get("Access-Control-Allow-Origin") in (None, "*")
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"


def test_visitors_do_not_see_the_questions_of_other_visitors(no_chat):
    embedded(CollectionFactory(public=True), NOTES)
    one, two = Client(), Client()
    made = one.post(
        reverse("api-questions-list"), {"question": QUESTION}, content_type="application/json"
    ).json()
    page = reverse("question", args=[made["id"]])
    assert one.get(page).status_code == 200
    assert two.get(page).status_code == 404
    two.post(reverse("api-questions-list"), {"question": "x"}, content_type="application/json")
    assert two.get(page).status_code == 404
    assert SECRET not in two.get(reverse("api-questions-list")).content.decode()


def test_limits_count_by_the_address_that_asks_and_not_by_its_word(monkeypatch, client, no_chat):
    home = CollectionFactory(public=True)
    embedded(home, NOTES)
    monkeypatch.setattr(BoxThrottle, "rate", "2/min", raising=False)
    monkeypatch.setattr(AskThrottle, "rate", "2/min", raising=False)
    address = reverse("box_json", args=[home.pk])
    for n in range(4):
        headers = {"x-forwarded-for": f"10.0.0.{n}", "x-real-ip": f"10.0.0.{n}"}
        boxed = client.post(address, {"question": QUESTION}, headers=headers).status_code
        asked = Client().post(
            reverse("api-questions-list"),
            {"question": QUESTION},
            content_type="application/json",
            headers=headers,
        )
        assert (boxed, asked.status_code) == ((200, 201) if n < 2 else (429, 429))
    other = client.post(reverse("box", args=[home.pk]), {"question": QUESTION})
    assert other.status_code == 429  # the frame and the JSON share the count


@pytest.mark.parametrize(
    "path",
    [
        "/ask/c/99999999999999999999999999/",
        "/ask/c/99999999999999999999999999.json",
        "/ask/?c=99999999999999999999999999&c=5",
        "/ask/?c=%00&q=%00",
        "/q/00000000-0000-0000-0000-000000000000/c/99999999999999999999/",
    ],
)
def test_numbers_that_no_row_can_have_are_no_failure_of_ours(client, path):
    post = client.post(path, {"question": "x", "collection": "9" * 40, "among": ["9" * 40, "\x00"]})
    assert client.get(path).status_code in (200, 404, 405)
    assert post.status_code in (403, 404, 405, 422)


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"model": ' + "[" * 50_000 + "]" * 50_000 + "}",
        '{"model": "collection-1\\u0000", "messages": [{"role": "user", "content": "x"}]}',
        '{"model": "all-collections", "messages": [{"role": "user", "content": "\\u0000"}]}',
        '{"model": "all-collections", "messages": [{"role": "user", "content": "\\ud800 x"}]}',
        '{"question": "x", "collections": ["' + "9" * 400 + '"]}',
        '{"question": "\\u0000", "chat": "\\u0000"}',
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/questions/"])
def test_bodies_that_make_no_sense_are_no_failure_of_ours(client, path, body, no_chat):
    headers = tokens(UserFactory())
    made = client.post(path, body, content_type="application/json", headers=headers)
    assert made.status_code in (200, 201, 400, 404)
