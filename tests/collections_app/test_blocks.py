"""The outline of a text: kinds, extents, titles and where blocks may be cut."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collections_app.pipeline.blocks import Kind, blocks, first_heading
from collections_app.pipeline.extracted import MARKDOWN, PLAIN

LINES = [
    *(
        "",
        " ",
        "# One",
        "## Two ##",
        "Words here.",
        "- item",
        "  - inner",
        "1. first",
        "===",
        "---",
    ),
    *("```", "~~~~", "    code", "\tcode", "| a | b |", "|---|---|", "> quote", "***", "#", "  x"),
]


def outline(text):
    return [(block.kind.value, text[block.start : block.end]) for block in blocks(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n \n", []),
        ("a\nb\n\nc", [("paragraph", "a\nb"), ("paragraph", "c")]),
        ("# A\nb", [("heading", "# A"), ("paragraph", "b")]),
        ("a\n# B", [("paragraph", "a"), ("heading", "# B")]),
        ("A\n===\nb", [("heading", "A\n==="), ("paragraph", "b")]),
        ("#no heading", [("paragraph", "#no heading")]),
        ("a\n\n---\n\nb", [("paragraph", "a"), ("paragraph", "---"), ("paragraph", "b")]),
        ("```py\na\n\n# b\n```\nc", [("code", "```py\na\n\n# b\n```"), ("paragraph", "c")]),
        ("````\n```\na\n````", [("code", "````\n```\na\n````")]),
        ("~~~\n```\n~~~\nb", [("code", "~~~\n```\n~~~"), ("paragraph", "b")]),
        ("```\nnever closed\n\nb", [("code", "```\nnever closed\n\nb")]),
        ("a:\n\n    x = 1\n    y\n\nb", [
            ("paragraph", "a:"), ("code", "    x = 1\n    y"), ("paragraph", "b"),
        ]),
        ("a\n    not code", [("paragraph", "a\n    not code")]),
        ("- a\n\n  more\n- b\n\nc", [("list", "- a\n\n  more\n- b"), ("paragraph", "c")]),
        ("- a\n  ```\n  x\n\n  y\n  ```\n- b", [("list", "- a\n  ```\n  x\n\n  y\n  ```\n- b")]),
        ("Take:\n- a\n- b", [("paragraph", "Take:"), ("list", "- a\n- b")]),
        ("Born in\n1984. Dead.", [("paragraph", "Born in\n1984. Dead.")]),
        ("| a | b |\n|---|---|\n| 1 | 2 |\nc", [
            ("table", "| a | b |\n|---|---|\n| 1 | 2 |"), ("paragraph", "c"),
        ]),
        ("a\n| b | c |\n|---|---|\n| 1 | 2 |", [
            ("paragraph", "a"), ("table", "| b | c |\n|---|---|\n| 1 | 2 |"),
        ]),
        ("a | b\nc", [("paragraph", "a | b\nc")]),
        ("> a:\n> ```\n> x\n>\n> # y\n> ```\n> b", [
            ("paragraph", "> a:"), ("code", "> ```\n> x\n>\n> # y\n> ```"), ("paragraph", "> b"),
        ]),
        ("> ```\n> x\n\nb", [("code", "> ```\n> x"), ("paragraph", "b")]),
        ("> > ~~~\n> > x\n> > ~~~\nb", [
            ("code", "> > ~~~\n> > x\n> > ~~~"), ("paragraph", "b"),
        ]),
    ],
)  # fmt: skip
def test_blocks_of_markdown(text, expected):
    assert outline(text) == expected


def test_plain_text_has_paragraphs_only():
    text = "# a\n- b\n\n\n    c"
    found = [(block.kind, text[block.start : block.end]) for block in blocks(text, PLAIN)]
    assert found == [(Kind.PARAGRAPH, "# a\n- b"), (Kind.PARAGRAPH, "    c")]


@pytest.mark.parametrize(
    ("text", "level", "title"),
    [
        ("### A `b_c` **d** ##", 3, "A b_c d"),
        ("#\tTabbed", 1, "Tabbed"),
        ("Sub\n---", 2, "Sub"),
        ("# C#", 1, "C#"),
        ("# #", 1, ""),
        ("# 2 * 3 * 4", 1, "2 * 3 * 4"),
        ("# snake_case_name and _em_", 1, "snake_case_name and em"),
        (r"# \*args and `**kwargs`", 1, "*args and **kwargs"),
        ("# ![map](m.png) [to **go**](http://x)", 1, "map to go"),
    ],
)
def test_heading_has_level_and_bare_title(text, level, title):
    [block] = blocks(text)
    assert (block.kind, block.level, block.title) == (Kind.HEADING, level, title)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("- a\n  b\n- c\n1. d", ["- a\n  b\n", "- c\n", "1. d"]),
        ("| a |\n|---|\n| 1 |", ["| a |\n", "|---|\n", "| 1 |"]),
        ("    a\n    b", ["    a\n", "    b"]),
        ("```\na\nb\n```", ["a\n", "b\n", "```"]),
    ],
)
def test_parts_are_where_a_block_may_be_cut(text, parts):
    [block] = blocks(text)
    edges = [*block.parts, block.end]
    assert [text[a:b] for a, b in pairwise(edges)] == parts


@given(
    st.lists(st.sampled_from(LINES), max_size=25).map("\n".join), st.sampled_from([MARKDOWN, PLAIN])
)
def test_blocks_are_in_order_and_cover_the_text(text, media_type):
    covered, last = set(), 0
    for block in blocks(text, media_type):
        assert last <= block.start < block.end
        assert all(block.start <= part <= block.end for part in block.parts)
        covered.update(range(block.start, block.end))
        last = block.end
    assert [i for i, c in enumerate(text) if not c.isspace() and i not in covered] == []


def test_first_heading_with_words():
    assert first_heading("```\n# code\n```\n#\n## The *one*\n# Two") == "The one"
    assert first_heading("no heading") == ""


@pytest.mark.parametrize(
    "line",
    [
        "- a\n",
        "# [a](b\n",
        "`" * 50 + "\n",
        "a\n",
        "|\n|-\n",
        "    x\n\n",
        "> - 1. x\n",
        " > " * 40 + "\n",
    ],
)
def test_scan_of_a_long_text_is_soon_done(line):
    text = line * (200_000 // len(line))
    begun = time.process_time()
    assert blocks(text) != []
    assert time.process_time() - begun < 3
