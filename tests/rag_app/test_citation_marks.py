"""Citations in the text of a chat model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_app.language.citations import Segment, parse


def seen(text, numbers=(1, 2, 3)):
    """The segments, short: text, (text,) where unsupported, or a number."""
    return [
        segment.number or (segment.text if segment.supported else (segment.text,))
        for segment in parse(text, numbers).segments
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It floods [1].", ["It floods ", 1, "."]),
        ("It floods. [1]", ["It floods. ", 1]),
        ("It floods.[1][2]", ["It floods.", 1, 2]),
        ("It floods [1, 2].", ["It floods ", 1, 2, "."]),
        ("It floods [1-3].", ["It floods ", 1, 2, 3, "."]),
        ("It floods 【2】.", ["It floods ", 2, "."]),
        ("It floods.", [("It floods.",)]),
        ("One [1]. Two.", ["One ", 1, ".", (" Two.",)]),
        ("", []),
        ("...", ["..."]),
    ],
)
def test_marks_are_found(text, expected):
    assert seen(text) == expected


def test_sentence_with_a_number_that_does_not_exist_is_unsupported():
    parsed = parse("It floods [7].", [1, 2])
    assert (parsed.cited, parsed.unknown) == ([], [7])
    assert parsed.segments == [
        Segment("It floods ", supported=False),
        Segment(".", supported=False),
    ]


def test_unknown_number_beside_a_known_one_is_dropped():
    assert seen("It floods [1, 9].") == ["It floods ", 1, "."]


def test_cited_numbers_are_in_the_order_of_the_text_and_once_each():
    assert parse("A [3]. B [1]. C [3].", [1, 2, 3]).cited == [3, 1]


def test_range_that_is_absurd_is_not_spelt_out():
    assert parse("A [1-9999].", range(1, 10_000)).cited == [1, 9999]


def test_link_in_an_answer_is_plain_text():
    assert seen("See [1](http://evil.example).") == ["See ", 1, "(http://evil.example)."]


@given(st.text(alphabet="ab .\n[]1239,-(【】!?", max_size=120))
def test_no_character_is_lost_but_marks(text):
    parsed = parse(text, [1, 2, 3])
    kept = "".join(s.text for s in parsed.segments if s.number is None)
    rest = iter(text)
    assert all(character in rest for character in kept)
    assert set(parsed.cited) <= {1, 2, 3}
    assert {s.number for s in parsed.segments if s.number} == set(parsed.cited)


@given(st.text(max_size=200))
def test_text_without_marks_is_kept_whole(text):
    plain = text.replace("[", "").replace("【", "")
    assert "".join(s.text for s in parse(plain, [1]).segments) == plain
