"""`evaluate --answers`: questions with known documents and facts, and what comes of them."""

import json

import pytest
from django.core.management import CommandError, call_command

from rag_app.answer import measuring
from rag_app.models import Question

pytestmark = pytest.mark.django_db

QUESTIONS = [
    {
        "question": "How is the sqlite backup run every night?",
        "documents": ["backup"],
        "facts": ["no such words|another   MACHINE", "by hand"],
    },
    {"question": "Spring tides follow the full moon?", "documents": ["tides", "gone"]},
    {"question": "zebra quasar?"},
]


def evaluate(notes, file, *words):
    call_command(
        "evaluate", notes.name, "--answers", str(file), "--owner", notes.owner.username, *words
    )


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "questions.json"
    made.write_text(json.dumps({"questions": QUESTIONS}))
    return made


def test_figures_of_known_questions(notes, no_chat, file, capsys):
    evaluate(notes, file, "--json")
    told = json.loads(capsys.readouterr().out)
    rows = told.pop("by_question")
    assert told == {
        "questions": 3,
        "answerable": 2,
        "recall@5": 0.75,
        "facts": 0.5,
        "answered": 1.0,
        "refused": 1.0,
        "supported": 1.0,
    }
    assert [(one["found"], one["facts"], one["answered"]) for one in rows] == [
        (1.0, 0.5, True),
        (0.5, None, True),
        (None, None, False),
    ]
    assert Question.objects.count() == 0


def test_figures_are_printed(notes, no_chat, file, capsys):
    evaluate(notes, file)
    assert capsys.readouterr().out.splitlines() == [
        "3 questions, 2 answerable",
        "right documents among the first 5  0.750",
        "expected facts in the answer       0.500",
        "answered, of those that can be     1.000",
        "refused, of those that cannot be   1.000",
        "sentences that cite something      1.000",
    ]


def test_what_there_is_nothing_of_is_none():
    rows = [measuring.Measured("a", answerable=False, answered=True, supported=0.5)]
    assert measuring.figures(rows) == {
        "questions": 1,
        "answerable": 0,
        "recall@5": None,
        "facts": None,
        "answered": None,
        "refused": 0.0,
        "supported": 0.5,
    }


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "[1]", '[{"question": 1}]', '[{"question": "a", "facts": "b"}]', '{"a": 1}'],
)
def test_a_file_without_questions_is_told(notes, no_chat, tmp_path, content):
    file = tmp_path / "bad.json"
    file.write_text(content)
    with pytest.raises(CommandError, match=r"no questions|0 questions"):
        evaluate(notes, file)


def test_a_file_that_is_not_there_is_told(notes, no_chat, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        evaluate(notes, tmp_path / "gone.json")


def test_other_words_of_the_command_go_to_search(notes):
    with pytest.raises(CommandError, match="There is no judged query"):
        call_command("evaluate", notes.name, "--owner", notes.owner.username)
