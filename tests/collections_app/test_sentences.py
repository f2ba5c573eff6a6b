"""Where sentences begin and end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collections_app.pipeline.sentences import sentences


def found(text):
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("One", ["One"]),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("One.  Two.\nThree.", ["One.", "Two.", "Three."]),
        ("He said “Go.” Then he went.", ["He said “Go.”", "Then he went."]),
        ("Dr. Smith met Mr. Jones. They spoke.", ["Dr. Smith met Mr. Jones.", "They spoke."]),
        ("See e.g. Foo or J. Doe. Done.", ["See e.g. Foo or J. Doe.", "Done."]),
        ("Version 3.11 is out. Use it.", ["Version 3.11 is out.", "Use it."]),
        ("call a.b() and c. then go", ["call a.b() and c. then go"]),
        ("Das gilt z.B. Hier. Über alles.", ["Das gilt z.B. Hier.", "Über alles."]),
        ("今天很好。我們去公園！好嗎？", ["今天很好。", "我們去公園！", "好嗎？"]),
        ("他說「好。」然後走了。", ["他說「好。」", "然後走了。"]),
        ("मैं घर गया। वह आया॥ ठीक", ["मैं घर गया।", "वह आया॥", "ठीक"]),
        ("هل أنت بخير؟ نعم؛ أنا بخير. شكرا", ["هل أنت بخير؟", "نعم؛ أنا بخير.", "شكرا"]),
        ("یہ اچھا ہے۔ ٹھیک ہے۔", ["یہ اچھا ہے۔", "ٹھیک ہے۔"]),
        ("今日は晴れ。「行こう！」本当？", ["今日は晴れ。", "「行こう！」", "本当？"]),
        ("Բարեւ։ Լավ", ["Բարեւ։", "Լավ"]),
        ("መልካም። እሺ", ["መልካም።", "እሺ"]),
        ("မင်္ဂလာပါ။ ကောင်း", ["မင်္ဂလာပါ။", "ကောင်း"]),
        ("ជំរាបសួរ។ ល្អ", ["ជំរាបសួរ។", "ល្អ"]),
        ("# Head\nOne. Two.", ["# Head", "One.", "Two."]),
        ("- a\n- b. C.\n", ["- a", "- b.", "C."]),
        ("Take:\n- one\n- two", ["Take:", "- one", "- two"]),
        ("| a | b |\n|---|---|\n| 1. X | 2 |", ["| a | b |", "|---|---|", "| 1. X | 2 |"]),
        ("A.\n\n```\nb. C. d\n```\n\nE.", ["A.", "```\nb. C. d\n```", "E."]),
        ("One\n\nTwo", ["One", "Two"]),
        ("Wait... What? Yes.", ["Wait...", "What?", "Yes."]),
    ],
)
def test_sentences(text, expected):
    assert found(text) == expected


@given(st.text(alphabet="ab AB.!?。\n-|`#", max_size=80))
def test_sentences_are_in_order_stripped_and_cover_the_text(text):
    covered, last = set(), 0
    for start, end in sentences(text):
        assert last <= start < end
        assert text[start:end] == text[start:end].strip()
        covered.update(range(start, end))
        last = end
    assert [i for i, c in enumerate(text) if not c.isspace() and i not in covered] == []
