"""Quoted answers with the real model, over texts like one's own notes."""

import pytest

from rag_app import answer
from rag_app.models import Answer
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db

NOTES = {
    "sqlite": """\
# Backing up SQLite

I used to copy the database file with cp, which can give a corrupt copy.

The .backup command makes a consistent copy while other processes go on writing:

    sqlite3 app.db ".backup copy.db"

Remember to test that the copy opens.
""",
    "nginx": """\
# Rate limits in nginx

Define a zone that remembers addresses, then apply it to a location.
Requests over the limit get a 503 unless limit_req_status says otherwise.
A burst lets short peaks through.
""",
    "garden": """\
# Tomatoes

Tomatoes like warm feet: I plant the seedlings outside after the last frost in May.
Water the soil and not the leaves, or they catch blight.
""",
    "parental": """\
# Leave

Employees may stay at home for fourteen weeks after a child is born.
The request has to reach the office two months before.
""",
}


@pytest.fixture
def ask(no_chat):
    collection = CollectionFactory(real=True)
    embedded(collection, NOTES, media_type="text/markdown")

    def ask(text):
        return answer.read(answer.ask(collection.owner, text, collection=collection))

    return ask


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        (
            "How do I get a consistent copy while other processes keep writing?",
            "The .backup command makes a consistent copy while other processes go on writing:",
        ),
        (
            "What do clients get when they exceed the nginx limit?",
            "Requests over the limit get a 503 unless limit_req_status says otherwise.",
        ),
        (
            "When should young tomato plants go into the ground?",
            "Tomatoes like warm feet: I plant the seedlings outside after the last frost in May.",
        ),
        (
            "How long is maternity leave?",
            "Employees may stay at home for fourteen weeks after a child is born.",
        ),
    ],
)
def test_sentence_that_answers_is_quoted_first(ask, question, quote):
    reading = ask(question)
    assert reading.answer.kind == Answer.Kind.EXTRACTIVE
    assert reading.quotes[0].quote.startswith(quote)


@pytest.mark.parametrize(
    "question",
    ["Who painted the Mona Lisa?", "How tall is Mount Everest?", "Why do cats purr?"],
)
def test_question_about_something_else_has_no_answer(ask, question):
    reading = ask(question)
    assert reading.answer.kind == Answer.Kind.NONE
    assert len(reading.passages) == len(NOTES)


def test_bare_identifier_is_answered_though_the_model_does_not_know_it(ask):
    reading = ask("limit_req_status")
    assert reading.answer.kind == Answer.Kind.EXTRACTIVE
    assert reading.quotes[0].document.external_id == "nginx"
