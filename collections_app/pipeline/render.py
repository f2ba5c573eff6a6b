"""A document's text as HTML that is safe in a page, with passages and matches marked.

The places to mark are found after parsing, in the tokens that show text, so marking never
changes how the Markdown is read. Sentinel characters carry them through rendering and
sanitising; they become elements at the very end, when nothing from the text can be taken
for markup any more.
"""

import re
from collections.abc import Sequence
from html import escape
from itertools import count

import nh3

from .extracted import MARKDOWN
from .markdown_tokens import TooComplex, html_of, parse
from .places import ANCHOR, CLOSE, OPEN, SENTINELS, Run, place

_TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
    *("a", "em", "strong", "s"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")
# A mark that goes on after white space is one mark: nothing but text lies between.
_JOINED = re.compile(rf"{CLOSE}([\s{ANCHOR}]*){OPEN}")


def render(
    text: str,
    media_type: str,
    *,
    mark: tuple[int, int] | None = None,
    anchors: Sequence[int] = (),
    first: int = 0,
) -> str:
    """HTML of `text`: Markdown as such, everything else as plain paragraphs.

    `mark` is a span of characters: what is shown of it stands in `<mark>`, the first with
    `id="mark"`. `anchors` are offsets in rising order: elements with the ids `p0`, `p1`, …
    stand there (from `first`, where the text is a part of a longer one). What marks no
    visible character is put at the nearest place that is shown.
    """
    text = SENTINELS.sub("\ufffd", text)
    if media_type == MARKDOWN:
        try:
            return _finished(*_markdown(text, mark, anchors), first)
        except TooComplex:
            pass
    return _finished(*_plain(text, mark, anchors), first)


def _markdown(text: str, mark: tuple[int, int] | None, anchors: Sequence[int]) -> tuple[str, str]:
    """(HTML with sentinels, the sentinels for which there is no text)."""
    tokens, runs = parse(text)
    left = place(runs, mark, anchors)
    html = nh3.clean(
        html_of(tokens),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return html, left


class _Paragraph:
    def __init__(self, content: str) -> None:
        self.content = content


def _plain(text: str, mark: tuple[int, int] | None, anchors: Sequence[int]) -> tuple[str, str]:
    """(HTML with sentinels, the sentinels for which there is no text)."""
    runs: list[Run] = []
    paragraphs: list[_Paragraph] = []
    start = 0
    for end, following in _gaps(text):
        if content := text[start:end]:
            paragraphs.append(_Paragraph(content))
            runs.append(Run(paragraphs[-1], 0, len(content), start, end))
        start = following
    left = place(runs, mark, anchors)
    html = "".join(f'<p class="plain">{escape(one.content)}</p>\n' for one in paragraphs)
    return html, left


def _gaps(text: str) -> list[tuple[int, int]]:
    """(start, end) of the blank lines between paragraphs, and of the end of the text."""
    return [gap.span() for gap in _PARAGRAPHS.finditer(text)] + [(len(text), len(text))]


def _finished(html: str, left: str, first: int) -> str:
    """Sentinels to elements."""
    html = _JOINED.sub(r"\1", html + left)
    html = html.replace(OPEN, '<mark id="mark">', 1).replace(OPEN, "<mark>")
    numbers = count(first)
    html = re.sub(ANCHOR, lambda _: f'<span id="p{next(numbers)}"></span>', html)
    return html.replace(CLOSE, "</mark>")
