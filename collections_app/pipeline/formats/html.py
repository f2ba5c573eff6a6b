"""HTML: the main text as Markdown, and the title of the page."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import trafilatura
from lxml import etree  # type: ignore[import-untyped]
from trafilatura.utils import load_html

from ..decode import clean
from ..extracted import MARKDOWN, Extracted, Unreadable

_HIDDEN = ("script", "style", "noscript", "template", "svg", "head", "iframe", "object")
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset"),
    *("figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li"),
    *("main", "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"),
}
_OPENINGS = {"li": "- "} | {f"h{level}": "#" * level + " " for level in range(1, 7)}
_SPACES = re.compile(r"\s+")
_SHORT = 250  # characters; below this trafilatura falls back to words without structure
_BEGINNING = 50  # characters in which trafilatura looks for "html"; it drops short pieces without
_FED = 2000  # characters at a time, to whole lines: so near is the line that is told
_MOST_SIFTED = 20_000  # elements; of larger pages trafilatura takes minutes: all text is taken
_MOST_ATTRIBUTES = 1000  # of one element: lxml's tree takes time by their square


def read(data: bytes, max_chars: int) -> Extracted:
    """A page in UTF-8, of at most so many characters."""
    body = data.decode()
    elements = _checked(body)
    if "html" not in body[:_BEGINNING].lower():
        body = f"<html>{body}"
    tree = load_html(body)
    text = "" if tree is None or elements > _MOST_SIFTED else clean(_main_text(body))
    if tree is not None and len(text) < _SHORT:
        text = clean(_visible_text(tree))
    if not text.strip():
        raise Unreadable("No text was found in it, only markup. Choose a page that has text.")
    return Extracted(text.strip("\n"), _title(tree), _metadata(tree), MARKDOWN)


def whole(body: str) -> str:
    """All visible text of a page that is nothing but content: a chapter, a message."""
    _checked(body)
    tree = load_html(body if "<" in body else f"<html>{body}")
    return "" if tree is None else clean(_visible_text(tree))


class _Counts:
    """What a parser tells instead of building a tree: how many elements there are, and the most
    attributes of one."""

    elements = 0
    most = 0

    def start(self, _tag: str, attributes: Mapping[str, str]) -> None:
        self.elements += 1
        self.most = max(self.most, len(attributes))

    def close(self) -> int:
        return self.most


def _checked(body: str) -> int:
    """The number of its elements. Raises Unreadable for one of too many attributes."""
    found = _Counts()
    parser = etree.HTMLParser(target=found, encoding="utf-8")
    at, line = 0, 1
    while at < len(body) and found.most <= _MOST_ATTRIBUTES:
        end = body.find("\n", at + _FED) + 1 or len(body)
        parser.feed(body[at:end].encode())
        line += body.count("\n", max(at - 1, 0), end - 1)
        at = end
    count: int = parser.close()
    if count > _MOST_ATTRIBUTES:
        raise Unreadable(
            f"One of the page's elements has {count:,} attributes; the most is "
            f"{_MOST_ATTRIBUTES:,}. Save its text as a plain text file.",
            {"line": line},
        )
    return found.elements


def _main_text(body: str) -> str:
    try:
        found = trafilatura.extract(
            body,
            output_format="markdown",
            include_comments=False,
            include_links=False,
            include_images=False,
            favor_recall=True,
        )
    except Exception:  # a parser on hostile input: whatever it raises, the plain way still works
        return ""
    return str(found or "")


def _visible_text(tree: Any) -> str:
    """All text outside scripts and the like: blocks apart, headings and items marked."""
    lines: list[str] = []
    line: list[str] = []
    for piece in _pieces(tree):
        if isinstance(piece, str):
            line.append(piece)
            continue
        if words := _SPACES.sub(" ", "".join(line)).strip():
            lines.append(words)
        line = [_OPENINGS.get(piece.opens, "")]
    return "\n\n".join(one for one in lines if one.strip("#- "))


@dataclass(frozen=True)
class _Edge:
    """Where a block begins (`opens` is its tag) or ends (empty)."""

    opens: str = ""


def _pieces(tree: Any) -> Iterator[str | _Edge]:
    """Text and the edges of blocks, in order; no recursion, pages nest deeply."""
    stack: list[tuple[Any, bool]] = [(tree, False)]
    while stack:
        node, closing = stack.pop()
        shown = isinstance(node.tag, str) and node.tag not in _HIDDEN
        block = shown and node.tag in _BLOCKS
        if not closing:
            stack.append((node, True))
            if block:
                yield _Edge(node.tag)
            if shown:
                yield node.text or ""
                stack.extend((child, False) for child in reversed(node))
            continue
        if block or node is tree:
            yield _Edge()
        if node is not tree:
            yield node.tail or ""


def _title(tree: Any) -> str:
    for path in ("//title", "//h1"):
        for node in tree.xpath(path):
            if title := _SPACES.sub(" ", clean("".join(node.itertext()))).strip():
                return title
    return ""


def _metadata(tree: Any) -> dict[str, object]:
    found = {
        "language": tree.xpath("string(/html/@lang)"),
        "description": tree.xpath("string(//meta[@name='description']/@content)"),
        "author": tree.xpath("string(//meta[@name='author']/@content)"),
    }
    return {key: clean(str(value))[:1000] for key, value in found.items() if str(value).strip()}
