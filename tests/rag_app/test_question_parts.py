"""Questions that ask several things, taken apart; and what is quoted along with a sentence."""

import pytest

from rag_app import answer
from rag_app.answer.finding import find
from rag_app.language.parts import parts
from rag_app.language.prose import quotable
from rag_app.models import Answer

ASKED = [
    ("How is it baked, and how long does it rest?", ["How is it baked", "how long does it rest"]),
    ("When does it flood? Who repairs the dam?", ["When does it flood", "Who repairs the dam"]),
    ("How do I open a shell, and install the app?", ["How do I open a shell", "install the app"]),
    ("怎麼備份資料庫？什麼時候會漲潮？", ["怎麼備份資料庫", "什麼時候會漲潮"]),
    ("How do I join the id and name columns?", []),
    ("What about bread, and?", []),
    ("limit_req_status", []),
    ("", []),
    ("How is a? How is b? How is c? How is d?", []),
]  # fmt: skip


@pytest.mark.parametrize(("question", "found"), ASKED)
def test_parts_of_a_question(question, found):
    assert parts(question) == found


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Make a new bucket:\n\n    gsutil mb gs://x\n\nThen stop here, please.", "    gsutil mb gs://x"),
        ("Run this:\n\n```bash\nmake all\n\nmake it\n```\n\nMore words follow it here.", "```"),
        ("You need:\n\n- limes\n- syrup\n\nShake it well for a while.", "- syrup"),
        ("This costs:\n| a | b |\n|---|---|\n| 1 | 2 |\n\nThat was the table.", "| 1 | 2 |"),
    ],
)  # fmt: skip
def test_a_sentence_comes_with_what_it_announces(text, quoted):
    [(start, end)] = quotable(text, (0, text.index("\n")))
    assert (start, text[start:end].endswith(quoted)) == (0, True)


def test_sentence_of_the_passage_comes_with_what_it_announces_beyond_it():
    text = (
        "Make a new bucket in the cloud of your choice, which takes a moment:\n\n    gsutil mb x\n"
    )
    end = text.index("\n")
    assert quotable(text, (0, end), end) == [(0, len(text) - 1)]
    assert quotable(text, (0, end), end - 1) == []  # the sentence itself is cut
    assert quotable("Make a bucket:\n\nNo code follows.", (0, 14)) == []


@pytest.mark.parametrize(
    ("behind", "quoted"),
    [
        ("\n\n    pg_dump -s name\n\nThere is no other way.", True),
        ("\n```sh\npg_dump -s name\n```\n", True),
        ("\n\n" + "    a long program\n" * 20, False),
        ("\n\n- an item of a list\n", False),
        ("\n\n## A heading\n\n    pg_dump -s name\n", False),
        (" And more of the line.\n\n    pg_dump -s name\n", False),
    ],
)
def test_a_sentence_comes_with_the_little_code_straight_behind_it(behind, quoted):
    said = "This took me longer to figure out than I care to admit."
    text = f"{said}{behind}"
    start, end = quotable(text, (0, len(said)))[0]
    assert (start, "pg_dump" in text[:end] or "a long" in text[:end]) == (0, quoted)


def test_long_code_is_cut_at_a_line():
    text = "Run all of these one after the other:\n\n" + "    make target\n" * 100
    [(start, end)] = quotable(text, (0, text.index("\n")))
    assert (end - start < 600, text[end - 11 : end]) == (True, "make target")


@pytest.mark.django_db
def test_each_part_is_looked_for_and_quoted(notes, no_chat):
    question = "How is the sqlite backup run every night, and how long to knead the dough?"
    found = find(notes.owner, question, notes)
    assert {"backup", "bread"} <= {one.document.external_id for one in found[:3]}
    reading = answer.read(answer.ask(notes.owner, question, collection=notes))
    assert reading.answer.kind == Answer.Kind.EXTRACTIVE
    assert {"backup", "bread"} <= {one.document.external_id for one in reading.quotes}
    assert [one.number for one in reading.quotes] == list(range(1, len(reading.quotes) + 1))
