"""`evaluate --answers`: questions with known documents and facts, and what comes of them."""

import json

import pytest
from django.core.management import CommandError, call_command

from collections_app.demo import topics
from rag_app.answer import measuring
from rag_app.evaluation.questions import DEMO
from rag_app.models import Question
from tests.factories import CollectionFactory, embedded
from tests.rag_app.chat_server import streamed

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
    rows, kinds = told.pop("by_question"), told.pop("by_documents")
    assert [(takes, one["questions"]) for takes, one in kinds.items()] == [
        ("0", 1),
        ("1", 1),
        ("2", 1),
    ]
    assert told == {
        "questions": 3,
        "answerable": 2,
        "failed": 0,
        "recall@5": 0.75,
        "facts": 0.5,
        "answered": 1.0,
        "refused": 1.0,
        "supported": 1.0,
        "supporting": 1.0,
        "expected": 1.0,
    }
    assert [(one["found"], one["facts"], one["answered"]) for one in rows] == [
        (1.0, 0.5, True),
        (0.5, None, True),
        (None, None, False),
    ]
    assert Question.objects.count() == 0


def test_figures_are_printed(notes, no_chat, file, capsys):
    evaluate(notes, file)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["all", "1", "document", "2", "documents"],
        ["questions", "3", "1", "1"],
    ]
    told = {line[:40].strip(): line[40:].split() for line in lines[2:]}
    assert told == {
        "that have an answer": ["2", "1", "1"],
        "right documents among the first 5": ["0.750", "1.000", "0.500"],
        "expected facts in the answer": ["0.500", "0.500", "none"],
        "answered, of those that can be": ["1.000", "1.000", "1.000"],
        "refused, of those that cannot be": ["1.000", "none", "none"],
        "sentences that passages support": ["1.000", "1.000", "1.000"],
        "citations that support their sentence": ["1.000", "1.000", "1.000"],
        "citations of right documents": ["1.000", "1.000", "1.000"],
    }


def test_what_there_is_nothing_of_is_none():
    rows = [measuring.Measured("a", answerable=False, answered=True, supported=0.5)]
    assert measuring.figures(rows) == {
        "questions": 1,
        "answerable": 0,
        "failed": 0,
        "recall@5": None,
        "facts": None,
        "answered": None,
        "refused": 0.0,
        "supported": 0.5,
        "supporting": None,
        "expected": None,
    }


def test_citations_of_a_written_answer_count_by_what_they_support(notes, chat_server):
    """Of two sentences one is the note's own; of two marks one is of another note."""
    chat_server.reply = streamed(
        "Run the sqlite backup command every night [1]. ", "Elephants paint quartz violins [2]."
    )
    known = measuring.Known("How is the sqlite backup run every night?", ("backup",))
    made = measuring.measured(notes.owner, notes, known)
    assert (made.supported, made.supporting, made.expected) == (0.5, 0.5, 0.5)


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


def test_demo_questions_are_answered_from_the_demo(no_chat, capsys):
    home = CollectionFactory(name="Python language", real=True)
    texts = {one.external_id: one.text for one in topics.documents()}
    wanted = {"assert", "break", "pass", "lambda", "try", "with", "global", "nonlocal", "del"}
    embedded(home, {name: texts[name] for name in wanted}, media_type="text/markdown")
    evaluate(home, "demo", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["questions"], told["answerable"], told["refused"]) == (15, 11, 1.0)
    rows = {row["question"]: row for row in told["by_question"]}
    assert rows["What does the pass statement do?"]["facts"] == 1.0
    missing = {one for row in demo_questions() for one in row.documents} - texts.keys()
    assert missing == set()


def demo_questions():
    return measuring.questions((DEMO / "Python language.json").read_bytes())


def test_demo_questions_of_another_collection_are_told(notes):
    with pytest.raises(CommandError, match="Demo questions are there for: Python language"):
        evaluate(notes, "demo")


def test_other_words_of_the_command_go_to_search(notes):
    with pytest.raises(CommandError, match="There is no judged query"):
        call_command("evaluate", notes.name, "--owner", notes.owner.username)
