"""Chat models: set up by staff, chosen with a question, with limits, prices and keys."""

import json
import re
import threading
import time
from datetime import timedelta
from decimal import Decimal

import llm
import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.urls import reverse

from collections_app import services
from collections_app.services import Rejected
from rag_app import answer
from rag_app.answer import chat_models, chats, problems
from rag_app.language import chat
from rag_app.language.llm_chat import LlmChat
from rag_app.models import Answer, ChatModel, ChatUse, Question
from tests.factories import UserFactory
from tests.rag_app.chat_server import ChatServer, delta, raw, streamed
from tests.rag_app.test_answering import QUESTION, read

pytestmark = pytest.mark.django_db

KEY = "sk-very-secret"
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello?"},
]


@pytest.fixture
def peer(settings):
    """A chat server that no setting names."""
    settings.CHAT_BASE_URL = settings.CHAT_MODEL = ""
    with ChatServer() as server:
        yield server


def remote(peer, **fields):
    given = {"backend": "openai-compatible", "ref": "tiny", "base_url": peer.url, "api_key": KEY}
    return chat_models.save(ChatModel(), **(given | fields))


@pytest.fixture
def staff(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def written(notes, **given):
    question = answer.ask(notes.owner, QUESTION, collection=notes, **given)
    answer.write(question)
    return Question.objects.select_related("answer").get(pk=question.pk)


# --- which one is asked -----------------------------------------------------------


def test_one_that_is_set_up_writes_answers_with_its_key(notes, peer):
    remote(peer, answer_tokens=99)
    question = written(notes)
    assert (question.answer.state, question.answer.chat_model) == ("complete", "tiny")
    assert peer.requests[0]["model"] == "tiny"
    assert peer.requests[0]["max_tokens"] == 99
    assert peer.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_model_is_chosen_by_question(notes, chat_server):
    with ChatServer() as other:
        remote(other, name="Other")
        assert written(notes).answer.chat_model == "scripted-1"
        assert written(notes, chat="Other").answer.chat_model == "Other"
        assert len(chat_server.requests) == len(other.requests) == 1
        quoted = written(notes, chat="quotes")
        assert (quoted.answer.kind, quoted.chat) == (Answer.Kind.EXTRACTIVE, "quotes")


def test_default_of_the_site_goes_before_that_of_the_settings(notes, chat_server):
    with ChatServer() as other:
        remote(other, name="Other", is_default=True)
        assert written(notes).answer.chat_model == "Other"


def test_only_one_is_the_default(peer):
    first = remote(peer, name="first", is_default=True)
    remote(peer, name="second", is_default=True)
    first.refresh_from_db()
    assert not first.is_default
    assert [one.name for one in chats.available()] == ["second", "first"]


def test_model_that_is_not_there_is_refused(notes, peer):
    with pytest.raises(Rejected, match="There is no chat model “gone”"):
        answer.ask(notes.owner, QUESTION, collection=notes, chat="gone")


def test_asking_again_may_ask_another(notes, chat_server):
    question = written(notes)
    answer.retry(question, chat="quotes")
    assert read(question).answer.kind == Answer.Kind.EXTRACTIVE
    answer.retry(question)
    assert read(question).answer.kind == Answer.Kind.EXTRACTIVE


def test_model_removed_while_an_answer_waits_is_told(notes, peer):
    row = remote(peer)
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    row.delete()
    answer.write(question)
    assert read(question).answer.error.startswith("This chat model is no longer set up here.")


# --- tokens, price, limits ----------------------------------------------------------


def counted(prompt, words):
    told = {"usage": {"prompt_tokens": prompt, "completion_tokens": words}, "choices": []}
    return streamed("Nightly [1].", end=f"data: {json.dumps(told)}\n\ndata: [DONE]\n\n")


def test_tokens_that_the_server_counts_are_kept_with_their_price(notes, peer):
    remote(peer, price_in=2, price_out="10.5")
    peer.reply = counted(1000, 200)
    made = written(notes).answer
    assert (made.prompt_tokens, made.answer_tokens) == (1000, 200)
    assert float(made.cost) == pytest.approx((1000 * 2 + 200 * 10.5) / 1e6)


def test_tokens_are_counted_here_where_the_server_does_not(notes, peer):
    remote(peer)
    made = written(notes).answer
    assert made.prompt_tokens > 100
    assert 0 < made.answer_tokens < 10


def test_what_a_broken_answer_took_is_counted_too(notes, peer):
    remote(peer, price_out=1)
    peer.reply = streamed("Half of", end="")
    made = written(notes).answer
    assert (made.state, made.answer_tokens > 0, made.cost > 0) == ("partial", True, True)


def test_limit_of_a_day_refuses_with_what_to_do(notes, peer):
    remote(peer, tokens_per_day=1200)
    peer.reply = counted(1000, 200)
    written(notes)
    with pytest.raises(Rejected, match="has used its 1200 tokens of a day"):
        answer.ask(notes.owner, QUESTION, collection=notes)
    assert written(notes, chat="quotes").answer.kind == Answer.Kind.EXTRACTIVE


@pytest.mark.parametrize("way", ["deleted", "again", "passing"])
def test_limit_of_a_day_counts_what_is_not_kept(notes, peer, way):
    remote(peer, tokens_per_day=1200)
    peer.reply = counted(1000, 200)
    if way == "passing":
        with answer.passing(notes.owner, QUESTION, [notes]) as question:
            answer.answered(question)
    else:
        question = written(notes)
        question.delete() if way == "deleted" else None
    if way == "again":
        with pytest.raises(Rejected, match="1200 tokens of a day"):
            answer.retry(question)
    with pytest.raises(Rejected, match="1200 tokens of a day"):
        answer.ask(notes.owner, QUESTION, collection=notes)


def test_what_answers_cost_is_summed(notes, peer, staff):
    row = remote(peer, price_in=10, price_out=20)
    peer.reply = counted(1000, 200)
    for _ in range(2):
        written(notes).delete()
    old = ChatUse.objects.get()
    assert (old.answers, old.prompt_tokens, old.answer_tokens) == (2, 2000, 400)
    assert old.cost == Decimal("0.028")
    ChatUse.objects.create(
        name="tiny", hour=old.hour - timedelta(days=3), answers=1, cost=1, prompt_tokens=9
    )
    html = staff.get(reverse("chat_models")).content.decode().replace("\u00a0", " ")
    assert "2,400 tokens in 24 hours" in html
    assert "cost 0.028 USD in 24 hours, 1.03 USD in all" in html
    assert "All together: 0.028 USD in 24 hours, 1.03 USD in all." in html
    told = staff.get(reverse("api-chat-models-detail", args=[row.pk])).json()
    assert told["day"] == {"tokens": 2400, "cost": "0.028000", "answers": 2}
    assert (told["ever"]["tokens"], told["ever"]["cost"]) == (2409, "1.028000")
    chat_models.save(row, name="Two")
    assert set(ChatUse.objects.values_list("name", flat=True)) == {"Two"}


def test_admin_shows_no_key_and_takes_none(peer, client):
    row = remote(peer)
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    page = client.get(reverse("admin:rag_app_chatmodel_change", args=[row.pk])).content.decode()
    assert reverse("chat_model_edit", args=[row.pk]) in page
    assert KEY not in page
    assert row.secrets not in page
    assert client.get(reverse("admin:rag_app_chatmodel_changelist")).status_code == 200
    assert client.get(reverse("admin:rag_app_chatuse_changelist")).status_code == 200
    assert client.get(reverse("admin:rag_app_chatmodel_add")).status_code == 403


def test_prompt_fits_the_model_that_is_asked(notes, peer):
    remote(peer, name="small", context_tokens=205)
    assert written(notes, chat="small").answer.citations.count() == 1


# --- keys --------------------------------------------------------------------------


def test_key_is_kept_encrypted_and_shown_nowhere(staff, peer):
    row = remote(peer)
    assert KEY not in row.secrets
    assert chats.key_of(ChatModel.objects.get()) == KEY
    pages = [reverse("chat_models"), reverse("chat_model_edit", args=[row.pk])]
    pages += [reverse("api-chat-models-list"), reverse("api-chat-models-detail", args=[row.pk])]
    for page in pages:
        assert KEY not in staff.get(page).content.decode()


def test_key_that_cannot_be_read_any_more_is_a_failure_that_says_so(notes, peer, settings):
    row = remote(peer)
    settings.SECRETS_KEY = "another"
    assert written(notes).answer.error.startswith("The chat server cannot be reached.")
    assert "SECRETS_KEY" in chat_models.tried(row).problem


# --- servers that fail ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("7", "Try again in 7 seconds."),
        ("1", "Try again in 1 second."),
        ("Wed, 21 Oct 2099 07:28:00 GMT", "Try again in 1440 minutes."),
    ],
)
def test_server_over_its_limit_says_when_to_come_back(notes, peer, client, header, told):
    remote(peer)
    peer.reply = raw('{"error": "slow down"}', "application/json", 429, Retry_After=header)
    question = written(notes)
    assert f"The chat server has too much to do. {told} The server's own" in question.answer.error
    assert question.answer.retry_at > question.answer.created
    client.force_login(notes.owner)
    html = client.get(question.get_absolute_url()).content.decode()
    again = re.search(r"too much to do\. Try again in (\d+) (second|minute)", html)
    assert again[2] in told
    assert 0 < int(again[1]) <= int(re.search(r"\d+", told)[0])  # it runs down
    assert "Quote the passages instead" in html
    assert "sqlite backup command" in html  # the passages stay
    [left] = re.findall(r'data-retry-in="(\d+)"', html)
    assert 0 < int(left) <= 86400
    Answer.objects.update(retry_at=Now())  # the time is up
    assert "data-retry-in" not in client.get(question.get_absolute_url()).content.decode()
    peer.reply = streamed("Nightly [1].")
    client.post(reverse("question_retry", args=[question.pk]))
    answer.write(question)
    assert read(question).answer.state == "complete"


@pytest.mark.parametrize("header", ["soon", "-1", ""])
def test_time_that_makes_no_sense_is_no_time(notes, peer, header):
    remote(peer)
    peer.reply = raw('{"error": "slow down"}', "application/json", 429, Retry_After=header)
    made = written(notes).answer
    assert "Try again in a minute" in made.error
    assert made.error.endswith("The server's own words: “slow down”")
    assert made.retry_at is None


def test_server_that_is_down_is_told_and_quotes_are_a_way_on(notes, peer, client):
    remote(peer, base_url="http://127.0.0.1:9/v1")
    question = written(notes)
    assert question.answer.error.startswith("The chat server cannot be reached.")
    client.force_login(notes.owner)
    client.post(reverse("question_retry", args=[question.pk]), {"chat": "quotes"})
    html = client.get(question.get_absolute_url()).content.decode()
    assert "Quoted from your documents" in html


def test_server_that_is_silent_keeps_what_it_said(notes, peer, settings):
    settings.CHAT_TIMEOUT_SECONDS = 1.5  # in which the first words must come, however busy it is
    remote(peer)

    def reply(handler):
        handler.begin(200, "text/event-stream")
        handler.send(delta("The backup runs "))
        peer.go.wait(60)

    peer.reply = reply
    made = written(notes).answer
    assert (made.state, made.text) == ("partial", "The backup runs ")
    assert made.error.startswith("The chat server took too long.")
    assert made.citations.count() == 3


# --- plugins of llm -------------------------------------------------------------------


class Echo(llm.KeyModel):
    model_id = "echo"
    can_stream = True
    needs_key = "echo"
    hung = threading.Event()  # until it is set

    def execute(self, prompt, stream, response, conversation, key=None):
        if "boom" in prompt.prompt:
            raise RuntimeError(f"no luck with {key}")
        if "hang" in prompt.prompt:
            self.hung.wait(60)
        yield from ["It runs ", "nightly", f" [1]. {prompt.system[:8]}"]
        response.set_usage(input=11, output=5)


@pytest.fixture
def plugin(monkeypatch):
    class Plugin:
        __name__ = "echo"

        @llm.hookimpl
        def register_models(self, register):
            register(Echo())

    llm.plugins.pm.register(made := Plugin(), name="echo")
    yield
    llm.plugins.pm.unregister(made)


def test_plugin_writes_an_answer(notes, plugin, no_chat):
    chat_models.save(ChatModel(), backend="llm-plugin", ref="echo", api_key=KEY, price_out=1)
    made = written(notes).answer
    assert (made.state, made.chat_model) == ("complete", "echo")
    assert made.text.startswith("It runs nightly [1].")
    assert (made.prompt_tokens, made.answer_tokens, float(made.cost)) == (11, 5, 5e-6)


def test_plugin_streams(plugin):
    made = LlmChat("echo", KEY)
    assert list(made.stream(MESSAGES)) == ["It runs ", "nightly", " [1]. Be brief"]
    assert (made.usage.prompt, made.usage.answer) == (11, 5)


def test_plugin_that_raises_is_told_without_its_key(plugin):
    with pytest.raises(chat.Failed) as caught:
        list(LlmChat("echo", KEY).stream([{"role": "user", "content": "boom"}]))
    assert caught.value.detail == "RuntimeError: no luck with ***"
    assert problems.in_words(problems.of(caught.value)).startswith(
        "The chat model's plugin failed."
    )


def test_plugin_that_hangs_ends_in_time(plugin):
    model = LlmChat("echo", KEY, silence_seconds=0.2)
    began = time.monotonic()
    with pytest.raises(chat.TimedOut):
        list(model.stream([{"role": "user", "content": "hang"}]))
    assert time.monotonic() - began < 30
    Echo.hung.set()


def test_plugin_whose_reader_leaves_is_let_go(plugin):
    pieces = LlmChat("echo", KEY).stream(MESSAGES)
    assert next(pieces) == "It runs "
    pieces.close()
    deadline = time.monotonic() + 60
    while any("_read" in one.name for one in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_plugin_that_is_not_there_is_told():
    with pytest.raises(chat.Unreachable, match="no plugin has the model 'gone'"):
        list(LlmChat("gone").stream(MESSAGES))
    with pytest.raises(Rejected, match="No plugin of llm"):
        chat_models.save(ChatModel(), backend="llm-plugin", ref="gone")


# --- pages, API, command ----------------------------------------------------------------


def test_staff_set_up_try_and_remove_one(staff, peer):
    form = {
        "backend": "openai-compatible", "base_url": peer.url, "ref": "tiny", "api_key": KEY,
        "context_tokens": 3000, "price_in": 1, "price_out": 2,
    }  # fmt: skip
    assert staff.post(reverse("chat_model_new"), form).status_code == 302
    row = ChatModel.objects.get()
    assert (row.name, row.base_url) == ("tiny", f"{peer.url}/v1")
    html = staff.post(reverse("chat_model_try", args=[row.pk]), follow=True).content.decode()
    assert "Hello there [1]." in html
    peer.reply = raw('{"error": "no such model"}', "application/json", 404)
    html = staff.post(reverse("chat_model_try", args=[row.pk]), follow=True).content.decode()
    assert "404: no such model" in html
    staff.post(reverse("chat_model_edit", args=[row.pk]), form | {"name": "Two", "api_key": ""})
    row.refresh_from_db()
    assert (row.name, chats.key_of(row)) == ("Two", KEY)
    assert "Two" in staff.get(reverse("ask")).content.decode()
    staff.post(reverse("chat_model_delete", args=[row.pk]))
    assert not ChatModel.objects.exists()


def test_page_without_models_leads_on(staff, no_chat):
    html = staff.get(reverse("chat_models")).content.decode()
    assert "Until there is one, answers are made of sentences quoted" in html
    assert "id_chat" not in staff.get(reverse("ask")).content.decode()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"base_url": "ftp://x"}, "This is no address of a server"),
        ({"base_url": "http://u:p@x"}, "This is no address of a server"),
        ({"ref": " "}, "Name the model"),
        ({"context_tokens": 3}, "A prompt can have 200 to"),
        ({"price_in": -1}, "The price cannot be below zero"),
        ({"answer_tokens": 0}, "A limit of tokens is 1 or more"),
        ({"tokens_per_day": 0}, "A limit of tokens is 1 or more"),
        ({"name": "quotes"}, "“quotes” means something else here"),
        ({"backend": "magic"}, "There is no backend “magic”"),
    ],
)
def test_what_makes_no_sense_is_refused(peer, fields, message):
    with pytest.raises(Rejected, match=message):
        remote(peer, **fields)
    assert not ChatModel.objects.exists()


def test_two_of_one_name_are_refused(peer):
    remote(peer)
    with pytest.raises(Rejected, match="There is a chat model named “tiny” already"):
        remote(peer)


def test_others_see_names_and_nothing_else(notes, peer, client):
    remote(peer, is_default=True)
    client.force_login(notes.owner)
    (one,) = client.get(reverse("api-chat-models-list")).json()
    assert (one["name"], one["default"]) == ("tiny", True)
    assert "base_url" not in one
    for page in (reverse("chat_models"), reverse("chat_model_new")):
        assert client.get(page).status_code == 404
    assert client.post(reverse("api-chat-models-list"), {"ref": "x"}).status_code == 403


def test_api_sets_one_up_and_asks_it(staff, notes, peer):
    url = reverse("api-chat-models-list")
    given = {"backend": "openai-compatible", "ref": "tiny", "base_url": peer.url, "api_key": KEY}
    made = staff.post(url, given, content_type="application/json")
    assert (made.status_code, made.json()["has_key"]) == (201, True)
    place = reverse("api-chat-models-detail", args=[made.json()["id"]])
    changed = staff.patch(place, {"price_in": "3"}, content_type="application/json")
    assert changed.json()["price_in"] == "3.000000"
    bad = staff.patch(place, {"base_url": "x"}, content_type="application/json")
    assert (bad.status_code, "no address" in bad.content.decode()) == (400, True)
    assert staff.post(f"{place}try/").json()["said"] == "Hello there [1]."
    _row, token = services.create_token(notes.owner, "t", "read")
    asked = staff.post(
        reverse("api-questions-list"),
        {"question": QUESTION, "chat": "tiny"},
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    ).json()
    assert (asked["chat_model"], asked["prompt_tokens"] > 0) == ("tiny", True)
    assert staff.delete(place).status_code == 204


def test_command_lists_adds_changes_tries_and_deletes(peer, capsys):
    call_command(
        "chat_models", "add", "openai-compatible", "tiny", "--base-url", peer.url, "--key", KEY
    )
    call_command("chat_models", "change", "tiny", "--name", "Two", "--default")
    call_command("chat_models")
    call_command("chat_models", "try", "Two")
    assert capsys.readouterr().out.splitlines()[:3] == [
        "tiny can be asked.",
        "Two is changed.",
        f"Two  {peer.url}/v1  default",
    ]
    call_command("chat_models", "delete", "Two")
    assert not ChatModel.objects.exists()
    with pytest.raises(CommandError, match="There is no chat model 'Two'"):
        call_command("chat_models", "try", "Two")
    with pytest.raises(CommandError, match="add takes 2 names"):
        call_command("chat_models", "add", "x")
