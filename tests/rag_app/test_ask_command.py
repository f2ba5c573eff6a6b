"""`manage.py ask`."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from rag_app.models import Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.chat_server import raw, streamed
from tests.rag_app.conftest import NOTES
from tests.rag_app.test_answering import QUESTION

pytestmark = pytest.mark.django_db


@pytest.fixture
def notes():
    admin = UserFactory(is_superuser=True, is_staff=True, username="admin")
    collection = CollectionFactory(owner=admin, name="notes")
    embedded(collection, NOTES)
    return collection


def run(*args):
    """(what was printed, the error or None)."""
    out = io.StringIO()
    try:
        call_command("ask", *args, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), None


def test_without_a_chat_model_the_quotes_are_printed(notes, no_chat):
    printed, error = run(QUESTION, "-c", "notes")
    score = Question.objects.get().answer.citations.get(number=1).score
    assert error is None
    assert printed.startswith(
        "Quoted from the documents, no language model:\n\n"
        "“Run the sqlite backup command every night. "
        "The backup is copied to another machine before sunrise.” [1]\n"
    )
    assert f"\n[1] backup  ({score:.2f})\n" in printed


def test_the_question_comes_from_standard_input(notes, no_chat, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{QUESTION}\n"))
    _printed, error = run("-", "-c", "notes")
    assert error is None
    assert Question.objects.get().text == QUESTION


def test_quotes_are_printed_without_markdown_marks(notes, no_chat):
    embedded(
        notes,
        {"link": "Run the [sqlite backup](https://example.org/) each noon."},
        media_type="text/markdown",
    )
    printed, _error = run("sqlite backup each noon", "-c", "notes")
    assert "“Run the sqlite backup each noon.” [" in printed


def test_chat_answer_is_printed_with_the_sources_it_cites(notes, chat_server):
    chat_server.reply = streamed("It runs ", "nightly [1].")
    printed, error = run(QUESTION, "-c", "notes", "--system", "You are a pirate.")
    assert error is None
    assert printed.startswith("It runs nightly [1].\n\n[1] backup  (")
    assert printed.count("\n[") == 1
    assert chat_server.requests[0]["messages"][0]["content"].startswith("You are a pirate.\n")


def test_json_is_all_of_the_answer(notes, chat_server):
    chat_server.reply = streamed("It runs nightly [1].")
    printed, error = run(QUESTION, "--json")
    body = json.loads(printed)
    assert error is None
    assert (body["question"], body["text"], body["kind"]) == (
        QUESTION,
        "It runs nightly [1].",
        "chat",
    )
    assert body["citations"][0]["title"] == "backup"


def test_nothing_found_prints_the_nearest_and_fails(notes, no_chat):
    printed, error = run("zebra quasar?")
    assert error == ("No document is about this. Ask with other words, or add documents that are.")
    assert printed.startswith("The nearest passages:\n\n[1] ")
    assert "Quoted" not in printed


def test_broken_chat_server_fails_after_what_it_said(notes, chat_server):
    chat_server.reply = streamed("Half of", end="")
    printed, error = run(QUESTION)
    assert printed.startswith("Half of\n")
    assert error == "The chat server stopped in the middle of its answer. Try again."
    chat_server.reply = raw("", "text/html", 500)
    assert run(QUESTION)[1] == (
        "The chat server failed. Try again in a moment, or ask another chat model."
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("",), "Write a question first."),
        (("Why?", "-c", "nope"), "admin has no collection 'nope'."),
        (("Why?", "--owner", "nobody"), "There is no active user named 'nobody'."),
        (("w" * 100_000,), "The question has 100000 characters"),
    ],
)
def test_what_is_wrong_is_said(notes, args, message):
    printed, error = run(*args)
    assert (printed, error[: len(message)]) == ("", message)


def test_owner_asks_what_the_owner_may_see(notes, no_chat):
    UserFactory(username="other")
    printed, error = run(QUESTION, "--owner", "other")
    assert printed.strip() == ""
    assert error.startswith("No document is about this.")


def test_the_words_of_the_prompt_come_from_a_file(notes, chat_server, tmp_path):
    file = tmp_path / "prompt.json"
    file.write_text(json.dumps({"system": "You are a pirate. {delimiters}"}))
    chat_server.reply = streamed("Arr [1].")
    _printed, error = run(QUESTION, "-c", "notes", "--template", str(file))
    system, message = (one["content"] for one in chat_server.requests[0]["messages"])
    assert error is None
    assert system.startswith("You are a pirate. They stand between lines")
    assert message.endswith(f"Question: {QUESTION}")
    assert Question.objects.get().answer.template["system"].startswith("You are a pirate.")
    shown, _error = run(QUESTION, "-c", "notes", "--preview", "--template", str(file))
    assert "You are a pirate." in shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("{", "is no template"),
        ("[]", "is no template"),
        ("{}", "is no template"),
        ('{"system": 1}', "is no template"),
        ('{"prompt": "{delimiters}"}', "is no template"),
        ('{"system": "Be brief."}', "must be there, once"),
        ('{"system": "{delimiters} {mood}"}', "{mood}: no such placeholder"),
    ],
)
def test_a_file_that_is_no_template_is_told(notes, chat_server, tmp_path, content, said):
    file = tmp_path / "prompt.json"
    if content is not None:
        file.write_text(content)
    _printed, error = run(QUESTION, "-c", "notes", "--template", str(file))
    assert said in error
    assert not Question.objects.exists()
