"""Markdown to tokens for display, and where in the source each shown text comes from."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .places import Run

MAX_CHARS = 300_000
_MAX_BRACKETS = 10_000  # each costs the parser 40 µs when it opens no link
_MAX_NESTING = 60  # below this, the parser leaves text out
_LINK = re.compile(r"https?://|mailto:", re.IGNORECASE)
# What follows the text of a link, as far as its target goes.
_TARGET = re.compile(r"[*_`~ ]{0,20}(?:\]\(\s{0,99}(?:<[^<>\n]*>|[^\s()]*)|\]\[[^\[\]]{0,999}\])")
_WORD = re.compile(r"\S+")
_WINDOW = 2_000  # characters of markup between two pieces of text


class TooComplex(Exception):  # noqa: N818 - a statement about the text
    """Too large or too deeply nested to be read as Markdown in good time."""


@cache
def _parser() -> MarkdownIt:
    options = {"html": False, "maxNesting": _MAX_NESTING}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    # Escapes and entities stay apart from the text around them, each with its source.
    return parser.disable("text_join")


def parse(text: str) -> tuple[list[Token], list[Run]]:
    """Tokens ready for `html_of`, and the runs of text they show, in order.

    Headings are one level lower (a page has its own first one), images are their
    description, links lead out or are none. Raises TooComplex.
    """
    if len(text) > MAX_CHARS or text.count("[") > _MAX_BRACKETS:
        raise TooComplex
    tokens = _parser().parse(text)
    if max((token.level for token in tokens), default=0) >= _MAX_NESTING - 1:
        raise TooComplex
    locator = _Locator(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        elif token.type in ("fence", "code_block"):
            locator.code(token)
        elif token.type == "inline":
            cell = before is not None and before.type in ("th_open", "td_open")
            locator.inline(token, cell)
            token.children = list(_display(token.children or []))
    return tokens, locator.runs


def html_of(tokens: list[Token]) -> str:
    parser = _parser()
    return str(parser.renderer.render(tokens, parser.options, {}))


def _display(children: list[Token]) -> Iterator[Token]:
    """Inline tokens as they are shown."""
    dropped = False
    for child in children:
        if child.type == "image":
            yield from _display(child.children or [])
        elif child.type == "link_open" and not _LINK.match(str(child.attrGet("href") or "")):
            dropped = True
        elif child.type == "link_close" and dropped:
            dropped = False
        else:
            if child.type == "text_special":
                child.type = "text"
            yield child


class _Locator:
    """Finds the source of each shown text; never looks back, so runs are in order."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.runs: list[Run] = []
        self._lines = [0, *(i + 1 for i, character in enumerate(text) if character == "\n")]
        self._done = 0

    def _line(self, number: int) -> tuple[int, int]:
        """(start, end) of a line, its end mark left out."""
        start = self._lines[min(number, len(self._lines) - 1)]
        following = number + 1 < len(self._lines)
        return start, self._lines[number + 1] - 1 if following else len(self.text)

    def _add(self, token: Token, at: int, length: int, start: int, end: int) -> None:
        start = min(max(start, self._done), len(self.text))
        self._done = min(max(end, start), len(self.text))
        self.runs.append(Run(token, at, length, start, self._done))

    def code(self, token: Token) -> None:
        """A run per line: the content is the source without its indentation."""
        number = (token.map or [0])[0] + (token.type == "fence")
        at = 0
        for line in token.content.split("\n"):
            if line:
                start, end = self._line(number)
                self._add(token, at, len(line), max(start, end - len(line)), end)
            at += len(line) + 1
            number += 1

    def inline(self, token: Token, cell: bool) -> None:
        content = self._content(token.content, (token.map or [0])[0], cell)
        self._children(token.children or [], content, 0)

    def _content(self, content: str, number: int, cell: bool) -> "_Content":
        """Each line of the content ends its line of the source; cells follow one another."""
        starts: list[int] = []
        bases: list[int] = []
        at = 0
        for line in content.split("\n"):
            start, end = self._line(number)
            start = max(start, self._done)
            find = self.text.find if cell else self.text.rfind
            found = find(line, start, end)
            starts.append(at)
            bases.append(found if found >= 0 else start)
            at += len(line) + 1
            number += 1
        return _Content(content, starts, bases)

    def _children(self, children: list[Token], content: "_Content", at: int) -> int:
        """Adds the runs of inline tokens; returns where in the content they end."""
        for child in children:
            if child.type == "image":
                at = self._children(child.children or [], content, at)
            if child.type in ("image", "link_close"):
                target = _TARGET.match(content.text, at)
                at = target.end() if target else at
            elif child.type == "text_special":
                at = self._piece(child, 0, len(child.content), child.markup, content, at)
            elif child.type in ("text", "code_inline"):
                at = self._words(child, content, at)
        return at

    def _words(self, token: Token, content: "_Content", at: int) -> int:
        """One run where the text stands in one piece, else (code over two lines) one a word."""
        text = token.content
        if content.find(text, at) >= 0:
            return self._piece(token, 0, len(text), text, content, at)
        for word in _WORD.finditer(text):
            at = self._piece(token, word.start(), len(word.group()), word.group(), content, at)
        return at

    def _piece(
        self, token: Token, start: int, length: int, source: str, content: "_Content", at: int
    ) -> int:
        found = max(content.find(source, at), at)
        end = min(found + len(source), len(content.text))
        if length:
            self._add(token, start, length, content.source(found), content.source(end))
        return end


@dataclass(frozen=True)
class _Content:
    """What an inline token was parsed from: its lines begin at `starts`, in the source at
    `bases`."""

    text: str
    starts: list[int]
    bases: list[int]

    def find(self, piece: str, at: int) -> int:
        """Where `piece` stands from `at` on, not far off; -1 if nowhere."""
        return self.text.find(piece, at, at + len(piece) + _WINDOW)

    def source(self, position: int) -> int:
        line = bisect_right(self.starts, position) - 1
        return self.bases[line] + position - self.starts[line]
