"""The outline of a text: headings, paragraphs, code, lists and tables, by character offsets.

A scan by lines, linear in the text. It serves splitting, not display: render.py has the
full Markdown grammar.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from .extracted import MARKDOWN
from .headings import heading_title


class Kind(Enum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    CODE = "code"
    LIST = "list"
    TABLE = "table"


@dataclass
class Block:
    """`text[start:end]`, without blank lines around; `parts` are where its lines begin
    that may be cut apart (code lines, list items, table rows)."""

    kind: Kind
    start: int
    end: int
    level: int = 0
    title: str = ""
    parts: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _Line:
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def blank(self) -> bool:
        return not self.text.strip()


_QUOTE = re.compile(r"(?: {0,3}>)*+")
_FENCE = re.compile(r"(?: {0,3}>)*+[ \t]{0,40}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_ITEM = re.compile(r"[ \t]{0,40}(?:[-*+]|\d{1,9}[.)])(?=[ \t])")
_INDENTED = re.compile(r"(?: {4}|\t)")
# An item that may follow a paragraph without a blank line: not "1984." or "- " alone.
_INTERRUPTS = re.compile(r" {0,3}(?:[-*+]|1[.)])[ \t]+\S")


def blocks(text: str, media_type: str = MARKDOWN) -> list[Block]:
    """The blocks of `text` in order; they cover every character that is not blank."""
    lines = list(_lines(text))
    if media_type == MARKDOWN:
        return _Scanner(lines).scan()
    return _paragraphs(lines)


def first_heading(text: str) -> str:
    """The text of the first Markdown heading, or an empty string."""
    return next((b.title for b in blocks(text) if b.kind is Kind.HEADING and b.title), "")


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for line in text.split("\n"):
        yield _Line(line, start)
        start += len(line) + 1


def _paragraphs(lines: list[_Line]) -> list[Block]:
    found: list[Block] = []
    open_block: Block | None = None
    for line in lines:
        if line.blank:
            open_block = None
        elif open_block is None:
            open_block = Block(Kind.PARAGRAPH, line.start, line.end)
            found.append(open_block)
        else:
            open_block.end = line.end
    return found


def _quote(line: _Line) -> str:
    """The marks of quotation that the line begins with."""
    found = _QUOTE.match(line.text)
    return found.group() if found else ""


def _is_rule(line: _Line) -> bool:
    """A line of three or more dashes, stars or underscores."""
    marks = "".join(line.text.split())
    return len(marks) >= 3 and marks[0] in "-*_" and not marks.strip(marks[0])


class _Scanner:
    def __init__(self, lines: list[_Line]) -> None:
        self.lines = lines
        self.at = 0
        self.found: list[Block] = []

    def scan(self) -> list[Block]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.blank:
                self.at += 1
            elif _FENCE.match(line.text):
                self._fenced()
            elif _ATX.match(line.text):
                self._atx(line)
            elif self._table_begins():
                self._while(Kind.TABLE, lambda one: not one.blank and "|" in one.text)
            elif _is_rule(line):
                self.found.append(Block(Kind.PARAGRAPH, line.start, line.end))
                self.at += 1
            elif _ITEM.match(line.text):
                self._list()
            elif _INDENTED.match(line.text):
                self._while(Kind.CODE, lambda one: bool(_INDENTED.match(one.text)))
            else:
                self._paragraph()
        return self.found

    def _fenced(self) -> None:
        first = self.lines[self.at]
        block = Block(Kind.CODE, first.start, first.end)
        self.at = self._skip_fence(self.at, block)
        self.found.append(block)

    def _skip_fence(self, at: int, block: Block) -> int:
        """The line after the fence that opens at `at`; `block` grows over it.

        One in a quotation ends with the quotation at the latest.
        """
        opened = _FENCE.match(self.lines[at].text)
        mark = opened.group(1) if opened else ""
        quoted = bool(_quote(self.lines[at]))
        block.end = self.lines[at].end
        at += 1
        while at < len(self.lines):
            line = self.lines[at]
            quote = _quote(line) if quoted else ""
            if quoted and not quote:
                break
            at += 1
            if not line.blank:
                block.parts.append(line.start)
                block.end = line.end
            body = line.text[len(quote) :].strip()
            if body.startswith(mark) and not body.strip(mark[0]):
                break
        return at

    def _atx(self, line: _Line) -> None:
        hashes = _ATX.match(line.text)
        level = len(hashes.group(1)) if hashes else 1
        title = heading_title(line.text.strip()[level:])
        self.found.append(Block(Kind.HEADING, line.start, line.end, level, title))
        self.at += 1

    def _table_begins(self) -> bool:
        if "|" not in self.lines[self.at].text or self.at + 1 >= len(self.lines):
            return False
        rule = self.lines[self.at + 1].text.strip()
        return "|" in rule and "-" in rule and not rule.strip("|-: \t")

    def _while(self, kind: Kind, belongs: Callable[[_Line], bool]) -> None:
        first = self.lines[self.at]
        block = Block(kind, first.start, first.end)
        while self.at < len(self.lines) and belongs(self.lines[self.at]):
            line = self.lines[self.at]
            if not line.blank:
                block.parts.append(line.start)
                block.end = line.end
            self.at += 1
        self.found.append(block)

    def _list(self) -> None:
        """Items and what is indented under them, blank lines between included."""
        first = self.lines[self.at]
        block = Block(Kind.LIST, first.start, first.end)
        after_blank = False
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.blank:
                after_blank, self.at = True, self.at + 1
                continue
            item = _ITEM.match(line.text)
            indented = line.text[0] in " \t"
            if not item and (_ATX.match(line.text) or (after_blank and not indented)):
                break
            if _FENCE.match(line.text):
                if not indented:
                    break
                self.at = self._skip_fence(self.at, block)
            else:
                if item:
                    block.parts.append(line.start)
                block.end = line.end
                self.at += 1
            after_blank = False
        self.found.append(block)

    def _interrupts(self, line: _Line) -> bool:
        """What ends a paragraph without a blank line between."""
        starts = (_FENCE, _ATX, _INTERRUPTS)
        return any(one.match(line.text) for one in starts) or self._table_begins()

    def _paragraph(self) -> None:
        first = self.lines[self.at]
        block = Block(Kind.PARAGRAPH, first.start, first.end)
        self.at += 1
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.blank or self._interrupts(line):
                break
            underline = _SETEXT.match(line.text)
            block.end = line.end
            self.at += 1
            if underline:
                block.kind = Kind.HEADING
                block.level = 1 if underline.group(1)[0] == "=" else 2
                block.title = heading_title(self.lines[self.at - 2].text)
                break
        self.found.append(block)
