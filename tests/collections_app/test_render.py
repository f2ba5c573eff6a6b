"""Documents as HTML: safe whatever the text, marks and anchors where the source has them."""

import re
import time
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collections_app.pipeline.extract import HTML, MARKDOWN, PLAIN
from collections_app.pipeline.heading_levels import levelled
from collections_app.pipeline.markdown_tokens import MAX_CHARS
from collections_app.pipeline.render import render

PIECES = [
    *("#", "# ", "- ", "1. ", "> ", "    ", "\t", "```", "~~~\n", "`", "*", "**", "_", "~~", "|"),
    *("|--|\n", "[", "](", ")", "![", "<", ">", "</", "&amp;", "&#x3c;", "\\", "---\n", "===\n"),
    *("javascript:", "http://a.b/c", "<script>", "<img src=x onerror=y>", '" onclick="', "\n"),
    *("\n\n", " ", "word", "Größe", "文字", "\U0010fffb", "\U0010fffd", "[a]: http://x\n", "&"),
]
hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=30).map("".join)
media_types = st.sampled_from([MARKDOWN, PLAIN, HTML])
span = st.tuples(st.integers(0, 120), st.integers(0, 120))

ALLOWED = {
    "a": {"href", "title", "rel"},
    "ol": {"start"},
    "p": {"class"},
    "mark": {"id"},
    "span": {"id"},
}
VOID = {"br", "hr"}


class Page(HTMLParser):
    """The tags, attributes and text of HTML that must nest properly."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.ids, self.text, self.marked = [], [], [], "", ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert {name for name, _ in attrs} <= ALLOWED.get(tag, set()), (tag, attrs)
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if "mark" in self.open:
            self.marked += data

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def marked(text, what, media_type=MARKDOWN):
    """The pieces that are marked when the first `what` in the text is the span."""
    start = text.index(what)
    html = render(text, media_type, mark=(start, start + len(what)))
    assert html.count('<mark id="mark">') == 1
    return [
        unescape(piece) for piece in re.findall(r"<mark(?: id=\"mark\")?>(.*?)</mark>", html, re.S)
    ]


@given(hostile, media_types, st.none() | span, st.lists(st.integers(0, 120), max_size=5))
@settings(max_examples=200, deadline=None)
def test_any_text_is_well_formed_and_safe_and_has_its_places(text, media_type, mark, anchors):
    page = Page(render(text, media_type, mark=mark, anchors=sorted(anchors)))
    assert {tag for tag, _ in page.tags} & {"script", "img", "style", "h1", "input"} == set()
    for _tag, attributes in page.tags:
        assert re.match(r"https?://|mailto:", attributes.get("href") or "http://", re.I)
    assert sorted(page.ids) == sorted(
        [f"p{n}" for n in range(len(anchors))] + (["mark"] if mark else [])
    )


@given(hostile, media_types, span)
@settings(max_examples=150, deadline=None)
def test_marking_changes_no_text(text, media_type, mark):
    plain = Page(render(text, media_type))
    assert Page(render(text, media_type, mark=mark, anchors=[mark[0]])).text == plain.text


@given(hostile, span)
@settings(deadline=None)
def test_mark_in_plain_text_holds_the_span(text, mark):
    start, end = mark
    wanted = text[start:end].replace("\U0010fffb", "�").replace("\U0010fffd", "�")
    found = Page(render(text, PLAIN, mark=mark)).marked
    assert re.sub(r"\s", "", found) == re.sub(r"\s", "", wanted)


@given(st.lists(st.sampled_from(["one", "*two*", "`three`", "[four](http://x.y)", "**five**"])))
@settings(deadline=None)
def test_mark_in_markdown_holds_the_words_of_the_span(words):
    text = "\n".join(words)
    start = 0
    for word in words:
        found = Page(render(text, MARKDOWN, mark=(start, start + len(word)))).marked
        assert found == re.search("one|two|three|four|five", word).group()
        start += len(word) + 1


def test_markdown_is_rendered_with_headings_one_lower():
    text = "# A *b*\n\n###### C\n\n1. x\n2. y\n\n| a | b |\n|---|---|\n| 1 | ~~2~~ |\n"
    assert render(text, MARKDOWN) == (
        "<h2>A <em>b</em></h2>\n<h6>C</h6>\n<ol>\n<li>x</li>\n<li>y</li>\n</ol>\n"
        "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n"
        "<tbody>\n<tr>\n<td>1</td>\n<td><s>2</s></td>\n</tr>\n</tbody>\n</table>\n"
    )


def test_plain_text_is_escaped_paragraphs():
    assert render("# a <b>\n  c\n\n\nd & e", PLAIN) == (
        '<p class="plain"># a &lt;b&gt;\n  c</p>\n<p class="plain">d &amp; e</p>\n'
    )


def test_html_in_markdown_is_shown_not_run():
    assert render("<script>alert(1)</script> <b onclick=x>", MARKDOWN) == (
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; &lt;b onclick=x&gt;</p>\n"
    )


@pytest.mark.parametrize("target", ["javascript:x", "data:x", "ftp://x", "/logout", "//x.y", "#a"])
def test_link_that_leads_nowhere_good_is_its_text(target):
    assert 'href="' not in render(f"[go]({target})", MARKDOWN)
    assert "go" in render(f"[go]({target})", MARKDOWN)


def test_link_leads_out_without_trace():
    assert render("[go](https://x.y/?a&b)", MARKDOWN) == (
        '<p><a href="https://x.y/?a&amp;b" rel="noopener noreferrer nofollow">go</a></p>\n'
    )


def test_image_is_its_description():
    assert render("a ![the *big* map](http://x/y.png) b", MARKDOWN) == (
        "<p>a the <em>big</em> map b</p>\n"
    )


@pytest.mark.parametrize(
    ("text", "what", "pieces"),
    [
        ("Some _emphasis_ here.", "_emphasis_ h", ["emphasis", " h"]),
        ("# Title\n\nBody text.", "# Title\n\nBody", ["Title", "Body"]),
        ("> one\n> two\n\nthree", "ne\n> tw", ["ne\ntw"]),
        ("```py\na = 1\n\nb = 2\n```", "= 1\n\nb", ["= 1\n\nb"]),
        ("- ```\n  a\n  b\n  ```", "a\n  b", ["a\nb"]),
        ("text\n\n    code\n    more\n", "code\n    mo", ["code\nmo"]),
        ("1. 1", " 1", ["1"]),
        ("a &lt; b \\* c", "&lt; b \\*", ["< b *"]),
        ("[b](http://b/b) b c", " b c", [" b c"]),
        ("[`x`](y) y", " y", [" y"]),
        ("[b][r] r\n\n[r]: http://x", " r", [" r"]),
        ("![alt](alt) alt", " alt", [" alt"]),
        ("run `one\ntwo` on", "two", ["two"]),
        ("Heading text\n===\n\nx", "text\n=", ["text"]),
        ("<http://a.b/c> and", "and", ["and"]),
    ],
)
def test_mark_in_markdown(text, what, pieces):
    assert marked(text, what) == pieces


def test_mark_in_the_second_of_two_equal_cells():
    text = "| a | a |\n|---|---|\n| 1 | 1 |"
    html = render(text, MARKDOWN, mark=(len(text) - 3, len(text) - 2))
    assert '<td>1</td>\n<td><mark id="mark">1</mark></td>' in html


@pytest.mark.parametrize(
    ("text", "what", "html"),
    [
        ("[a](http://x.y) b", "x.y", '</a><mark id="mark"></mark> b</p>'),
        ("a\n\n[r]: http://x.y\n\nb", "x.y", '<p><mark id="mark"></mark>b</p>'),
        ("a\n\n---\n", "---", '<p>a<mark id="mark"></mark></p>'),
        ("```py\na\n```", "py", '<code><mark id="mark"></mark>a\n</code>'),
    ],
)
def test_mark_of_what_is_not_shown_is_near(text, what, html):
    start = text.index(what)
    assert html in render(text, MARKDOWN, mark=(start, start + len(what)))


def test_text_without_anything_to_show_still_has_its_places():
    assert render("---\n", MARKDOWN, mark=(0, 1), anchors=[0]) == (
        '<hr>\n<span id="p0"></span><mark id="mark"></mark>'
    )


def test_anchors_stand_where_passages_start():
    text = "# Top\n\nOne. Two.\n\n- item\n\n```\ncode\n```"
    starts = [0, text.index("Two"), text.index("- item"), text.index("```")]
    assert render(text, MARKDOWN, anchors=starts) == (
        '<h2><span id="p0"></span>Top</h2>\n<p>One. <span id="p1"></span>Two.</p>\n'
        '<ul>\n<li><span id="p2"></span>item</li>\n</ul>\n'
        '<pre><code><span id="p3"></span>code\n</code></pre>\n'
    )


def test_anchors_of_a_part_count_on():
    assert render("a\n\nb", PLAIN, anchors=[0, 3], first=7) == (
        '<p class="plain"><span id="p7"></span>a</p>\n<p class="plain"><span id="p8"></span>b</p>\n'
    )


def test_sentinels_in_the_text_mark_nothing():
    text = "a \U0010fffbb\U0010fffc c\U0010fffd"
    assert render(text, MARKDOWN) == "<p>a �b� c�</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "![[" * 3_000,
        "[a](" * 2_500,
        ">" * 50_000 + "x",
        "- " * 20_000 + "x",
        "`a\nb` " * 4_000,
        "*a " * 30_000,
        "<http://%61> " * 2_000,
        "|a" * 5_000 + "\n" + "|-" * 5_000,
    ],
    ids=lambda text: text[:6],
)
def test_hostile_text_is_rendered_soon_and_whole(text):
    begun = time.process_time()
    page = Page(render(text, MARKDOWN, mark=(10, len(text)), anchors=range(0, len(text), 1000)))
    assert time.process_time() - begun < 4
    assert page.ids.count("mark") == 1
    assert page.text.strip() != ""


def test_large_text_is_plain_and_soon_there():
    text = "# Word *word* word.\n\n" * 40_000
    begun = time.process_time()
    html = render(text, MARKDOWN, mark=(0, len(text)), anchors=range(0, len(text), 1000))
    assert time.process_time() - begun < 4
    assert len(text) > MAX_CHARS
    assert html.startswith('<p class="plain"><span id="p0"></span><mark id="mark"># Word *word*')


def test_headings_go_down_one_level_at_a_time():
    html = render("# One\n\n### Two\n\n###### Three\n\n## Four", MARKDOWN)
    assert re.findall(r"<h(.)>(.+?)</h(.)>", levelled(html)) == [
        ("2", "One", "2"),
        ("3", "Two", "3"),
        ("4", "Three", "4"),
        ("3", "Four", "3"),
    ]
    assert re.findall("<h(.)>", levelled(html, untitled=True)) == ["2", "2", "3", "2"]
    assert levelled("<p>&lt;h3&gt;</p>") == "<p>&lt;h3&gt;</p>"
