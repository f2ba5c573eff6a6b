"""Text, title and metadata out of plain text, Markdown and HTML, hostile ones included."""

import json
import time

import pytest

from collections_app.pipeline.extract import HTML, MARKDOWN, PLAIN, Unreadable, detect, extract


def markdown(text):
    return extract(text.encode(), media_type=MARKDOWN)


def page(text):
    return extract(text.encode(), media_type=HTML)


@pytest.mark.parametrize(
    ("body", "name", "media_type", "found"),
    [
        ("words", "", "", PLAIN),
        ("words", "a.txt", "", PLAIN),
        ("words", "a.MD", "", MARKDOWN),
        ("words", "", "text/markdown; charset=utf-8", MARKDOWN),
        ("words", "a.md", "text/plain", MARKDOWN),
        ("words", "a.html", "", PLAIN),
        ("a < b and b > c", "a.html", "", PLAIN),
        ("<p>words", "a.html", "", HTML),
        ("<p>words", "a.txt", "", PLAIN),
        ("<!DOCTYPE html><p>words", "a.txt", "", HTML),
        ("\n<!-- x --><HTML>", "", "", HTML),
        ("words", "", "application/x-unknown", PLAIN),
    ],
)
def test_content_decides_then_name_then_media_type(body, name, media_type, found):
    assert detect(body, name, media_type) == found


def test_plain_text_stays_as_it_is():
    found = extract(b"\n\n# no heading\n  indented\n\n")
    assert (found.text, found.title, found.metadata) == ("# no heading\n  indented", "", {})
    assert found.media_type == PLAIN


def test_unusual_encoding_is_noted():
    data = "Grüße aus München, schöne Stadt.".encode("utf-16")
    found = extract(data)
    assert (found.format, found.encoding, found.metadata) == (PLAIN, "utf-16", {})


@pytest.mark.parametrize("data", [b" \n\t ", "\ufeff \n".encode(), b"\x0c\x0c"])
def test_white_space_alone_is_refused(data):
    with pytest.raises(Unreadable, match="There is only white space in it"):
        extract(data)


def test_too_long_text_is_refused():
    with pytest.raises(Unreadable, match="The text is 11 characters long; the most is 10"):
        extract(b"a" * 11, max_chars=10)
    assert extract(b"a" * 10, max_chars=10).text == "a" * 10


# Markdown


def test_front_matter_becomes_metadata():
    found = markdown(
        "---\ntitle: The sea\ntags: [a, b]\ndate: 2024-05-01\nscore: .nan\nn: 2\n---\n"
        "\n# H\n\nText."
    )
    assert (found.text, found.title, found.media_type) == ("# H\n\nText.", "The sea", MARKDOWN)
    assert found.metadata == {
        "title": "The sea",
        "tags": ["a", "b"],
        "date": "2024-05-01",
        "score": "nan",
        "n": 2,
    }


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# One *two* `three`\n\n# Four", "One two three"),
        ("Words.\n\n## Later\n", "Later"),
        ("Title\n=====\n\nWords.", "Title"),
        ("```\n# no heading\n```\n\nWords.", ""),
        ("#\n\n# Second", "Second"),
        ("# C#", "C#"),
        ("# With register_commands ##", "With register_commands"),
        ("# [`llm`](https://x.y) and `__init__`", "llm and __init__"),
        ("---\ntitle: 5\n---\n# Heading", "Heading"),
        ("---\ntitle: ' '\n---\n# Heading", "Heading"),
        ("Just words.", ""),
    ],
)
def test_title_of_markdown(text, title):
    assert markdown(text).title == title


@pytest.mark.parametrize(
    "text",
    ["---\na: [b\n---\n# Title\n\nText.", "---\na: !!python/object:os.system x\n---\n# Title"],
)
def test_broken_front_matter_stays_in_the_text(text):
    found = markdown(text)
    assert (found.text, found.title) == (text, "Title")
    assert list(found.metadata) == ["front_matter_error"]
    assert found.metadata["front_matter_error"].startswith("kept as text: ")


def test_rule_at_the_top_is_no_front_matter():
    text = "---\n\nWords after a rule."
    assert (markdown(text).text, markdown(text).metadata) == (text, {})


def test_section_between_rules_is_no_front_matter():
    text = "---\nJust words here.\n---\n\nMore."
    assert (markdown(text).text, markdown(text).metadata) == (text, {})


def test_front_matter_alone_is_the_text():
    text = "---\ntitle: The sea\n---"
    assert (markdown(text).text, markdown(text).title) == (text, "The sea")


def test_huge_front_matter_is_kept_as_text():
    text = "---\na: " + "x" * 100_001 + "\n---\n# Title"
    found = markdown(text)
    assert found.metadata == {"front_matter_error": "too long, kept as text"}
    assert (found.text, found.title) == (text, "Title")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "yaml",
    [BOMB, "a: &a [*a]\n", "a: " + "[" * 5000 + "]" * 5000 + "\n", "n: 0x" + "f" * 20_000 + "\n"],
    ids=["aliases", "cycle", "deep", "number"],
)
def test_hostile_front_matter_is_kept_as_text_and_soon(yaml):
    begun = time.process_time()
    found = markdown(f"---\n{yaml}---\nText.")
    assert time.process_time() - begun < 2
    assert list(found.metadata) == ["front_matter_error"]
    assert found.text.endswith("Text.")


def test_metadata_can_be_stored_as_json():
    found = markdown(
        '---\n1: yes\nnull: ~\nb: !!binary aGVsbG8=\ns: !!set {x}\nt: "a\\0b"\n---\nText.'
    )
    assert json.loads(json.dumps(found.metadata, allow_nan=False)) == {
        "1": True,
        "None": None,
        "b": "hello",
        "s": ["x"],
        "t": "ab",
    }


# HTML


ARTICLE = """<!DOCTYPE html><html lang="en"><head><title> The
  harbour </title><meta name="author" content="Ada"><style>p {color: red}</style>
<script>var secret = "<p>not text</p>";</script></head><body><!-- hidden remark -->
<nav><a href="/">Home</a></nav><h1>At the harbour</h1><p>Boats lie quietly.</p>
<noscript>Turn it on</noscript><ul><li>Tea</li><li>Bread</li></ul>
<p onclick="steal()">They leave at <b>noon</b> &amp; return.</p></body></html>"""


def test_page_is_its_visible_text_and_title():
    found = page(ARTICLE)
    assert found.title == "The harbour"
    assert found.media_type == MARKDOWN
    assert found.metadata == {"language": "en", "author": "Ada"}
    for words in (
        "# At the harbour",
        "Boats lie quietly.",
        "- Tea",
        "They leave at noon & return.",
    ):
        assert words in found.text
    for words in ("secret", "not text", "color", "hidden remark", "Turn it on", "steal"):
        assert words not in found.text


def test_long_page_keeps_its_structure():
    out = "The boats leave the harbour at noon and the gulls go with them. " * 5
    back = "They come home with the evening tide, and the town is awake again. " * 5
    body = f"<article><h2>Boats</h2><p>{out}</p><p>{back}</p></article>"
    found = page(f"<html><body>{body}</body></html>")
    assert found.text == f"## Boats\n\n{out.strip()}\n\n{back.strip()}"


def test_title_falls_back_to_the_first_heading():
    assert page("<p>x</p><h1>Big <i>one</i></h1><p>Words and words.</p>").title == "Big one"


@pytest.mark.parametrize(
    "body",
    ["<script>alert(1)</script>", "<html><head><title>T</title></head></html>", "<!-- a --><br>"],
)
def test_page_without_text_is_refused(body):
    with pytest.raises(Unreadable, match="No text was found in it, only markup"):
        page(f"<html>{body}</html>")


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 20_000 + "words",
        "<b>" * 20_000 + "words",
        "<ul><li>" * 5_000 + "words",
        "<table><tr><td>" * 2_000 + "words",
        "<p>words" + "<" * 100_000,
        "<p>words" + "&#0;" * 10_000,
        "<p>words<script>" * 5_000,
        "<a href='" + "x" * 100_000 + "'>words</a>",
        "<p>words</p><!--" + "-" * 100_000,
    ],
    ids=lambda body: body[:9],
)
def test_hostile_page_is_read_soon(body):
    begun = time.process_time()
    found = page(f"<html><body><p>Start</p>{body}")
    assert time.process_time() - begun < 5
    assert "\0" not in found.text
    assert "Start" in found.text or "words" in found.text


def test_page_in_another_encoding():
    data = '<html><meta charset="big5"><p>臺灣的港口很安靜</p>'.encode("big5")
    found = extract(data)
    assert found.text == "臺灣的港口很安靜"
    assert (found.format, found.encoding) == (HTML, "big5")


def test_page_with_very_many_attributes_is_refused_soon():
    attributes = " ".join(f"a{n}='<'" for n in range(100_000))  # 22 s to build its tree
    began = time.monotonic()
    with pytest.raises(Unreadable, match="has 100,000 attributes; the most is 1,000"):
        extract(f"<p {attributes}>Words.</p>".encode(), name="a.html")
    assert time.monotonic() - began < 15
    attributes = " ".join(f"a{n}='x'" for n in range(1000))
    assert page(f"<html><p {attributes}>Words.</p></html>").text == "Words."


@pytest.mark.parametrize("piece", ["<p>Words.</p>", "<div><p>Words.</p></div>", "<b>Words.</b>"])
def test_piece_of_a_page_is_read(piece):
    assert page(piece).text.strip("*") == "Words."
