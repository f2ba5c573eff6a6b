"""Markdown as a reader sees it, told by which characters of the source to leave out.

For short pieces of a text, whose offsets into the source have to stay known; `render` shows
whole documents by the full grammar.
"""

import re
from collections.abc import Sequence

Span = tuple[int, int]  # characters, end exclusive

_MARKUP = re.compile(
    r"^ {0,3}#{1,6}[ \t]+"  # heading
    r"|^ {0,3}(?:`{3,}|~{3,})[^\n]{0,200}\n?"  # fence of a code block
    r"|^ {0,3}>[ \t]?"  # quotation
    r"|</?[A-Za-z][^<>]{0,1000}>|<!--.{0,1000}?-->"  # HTML
    r"|\*\*|`{1,2}",
    re.MULTILINE,
)
_LINK = re.compile(r"(!?\[)[^\[\]\n]{0,500}(\]\((?:[^()\s]|\([^()\s]{0,200}\)){0,2000}\))")


def markup(text: str) -> list[Span]:
    """Spans of Markdown's own marks, in order: link targets, hashes, fences, tags, stars."""
    links = [found.span(group) for found in _LINK.finditer(text) for group in (1, 2)]
    others = [found.span() for found in _MARKUP.finditer(text)]
    return sorted(links + [span for span in others if not _inside(span, links)])


def shown(text: str, start: int, end: int, hidden: Sequence[Span]) -> str:
    """`text[start:end]` without the hidden spans."""
    parts: list[str] = []
    for first, last in hidden:
        if last <= start:
            continue
        if first >= end:
            break
        parts.append(text[start:first])
        start = last
    return "".join([*parts, text[start:end]])


def plain(text: str) -> str:
    """All of a text without its markup."""
    return shown(text, 0, len(text), markup(text))


def _inside(span: Span, others: Sequence[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)
