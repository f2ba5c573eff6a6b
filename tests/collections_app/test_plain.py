"""Markdown without its marks."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collections_app.pipeline.plain import markup, plain, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Plain words.", "Plain words."),
        ("# A title\n\nWords.", "A title\n\nWords."),
        ("See [the docs](https://example.com/a_(b)) now.", "See the docs now."),
        ("![A boat](boat.png) at rest", "A boat at rest"),
        ("**Bold** and `code` and 2 * 3", "Bold and code and 2 * 3"),
        ("```python\nx = 1\n```\nEnd.", "x = 1\nEnd."),
        ('Before <img src="x.png" alt="y"> after<br/>', "Before  after"),
        ("a < b and c > d", "a < b and c > d"),
        ("[not a link] (really)", "[not a link] (really)"),
        ("> Quoted.", "Quoted."),
        ("C# and #hashtag", "C# and #hashtag"),
    ],
)
def test_marks_are_left_out(text, expected):
    assert plain(text) == expected


@given(st.text(alphabet="ab #`*[]()<>!-~\n", max_size=80), st.integers(0, 80), st.integers(0, 80))
def test_pieces_make_up_the_whole(text, one, other):
    first, last = sorted(min(place, len(text)) for place in (one, other))
    hidden = markup(text)
    starts = [start for start, _ in hidden]
    assert starts == sorted(starts)
    parts = [(0, first), (first, last), (last, len(text))]
    cut_inside = any(a < place < b for a, b in hidden for place in (first, last))
    if not cut_inside:
        assert "".join(shown(text, *part, hidden) for part in parts) == plain(text)


@pytest.mark.parametrize("piece", ["[", "<a", "![", "`", "[a](", "<!--", "# ", "**"])
def test_hostile_text_takes_no_long(piece):
    began = time.process_time()
    plain(piece * (20_000 // len(piece)))
    assert time.process_time() - began < 5
