"""Word documents: headings, lists and tables as Markdown."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import docx as library
from docx.oxml.ns import qn
from docx.styles import BabelFish

from ..extracted import Extracted, Unreadable
from ..pieces import Pieces
from . import package, written

_P, _T, _TAB, _BREAKS = qn("w:p"), qn("w:t"), qn("w:tab"), {qn("w:br"), qn("w:cr")}
_TABLE, _ROW, _CELL = qn("w:tbl"), qn("w:tr"), qn("w:tc")
_VALUE = qn("w:val")
# Drawn text stands twice, once for programs that are old; moved text where it was, too.
_SKIPPED = {
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
    qn("w:moveFrom"),
    qn("w:del"),
}
_LEVELS = {"Title": 1, "Subtitle": 2, **{f"Heading {n}": n for n in range(1, 10)}}


def read(data: bytes, max_chars: int) -> Extracted:
    package.opened(data).close()
    with package.opening(data):
        document = library.Document(io.BytesIO(data))
    styles = _styles(document)
    pieces = Pieces(max_chars)
    title = ""
    for element in _blocks(document.element.body):
        if element.tag == _TABLE:
            pieces.add(written.table(_rows(element)))
            continue
        style = styles.get(_style_id(element), _NO_STYLE)
        words = _text(element)
        if style.level:
            title = title or words.strip()
            pieces.begin(words)
            pieces.add(written.heading(style.level, words))
        elif (level := _list_level(element, style)) is not None:
            pieces.add(written.item(level, words, style.numbered), kind="item")
        else:
            pieces.add(written.paragraph(words))
    return pieces.extracted(*_properties(document, title))


@dataclass(frozen=True)
class _Style:
    """What a paragraph's style says: the level of a heading (0: none), and whether of a list."""

    level: int = 0
    listed: bool = False
    numbered: bool = False


_NO_STYLE = _Style()


def _styles(document: Any) -> dict[str, _Style]:
    found = {}
    for style in document.styles.element.iterchildren(qn("w:style")):
        told = style.find(qn("w:name"))
        name = BabelFish.internal2ui("" if told is None else str(told.get(_VALUE)))
        found[style.get(qn("w:styleId"))] = _Style(
            _LEVELS.get(name, 0), name.startswith("List "), name.startswith("List Number")
        )
    return found


def _blocks(body: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, those inside of controls too; no recursion."""
    stack = list(reversed(body))
    while stack:
        element = stack.pop()
        if element.tag in (_P, _TABLE):
            yield element
        elif element.tag not in _SKIPPED:
            stack.extend(reversed(element))


def _text(element: Any) -> str:
    """The words in an element; tabs and line breaks as such, paragraphs on lines."""
    pieces: list[str] = []
    stack = list(reversed(element))
    while stack:
        node = stack.pop()
        if node.tag == _T:
            pieces.append(node.text or "")
        elif node.tag == _TAB:
            pieces.append("\t")
        elif node.tag in _BREAKS:
            pieces.append("\n")
        elif node.tag not in _SKIPPED:
            if node.tag == _P and pieces:
                pieces.append("\n")
            stack.extend(reversed(node))
    return "".join(pieces)


def _rows(table: Any) -> Iterator[list[str]]:
    for row in table.iterchildren(_ROW):
        yield [_text(cell) for cell in row.iterchildren(_CELL)]


def _style_id(paragraph: Any) -> str:
    found = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    return "" if found is None else str(found.get(_VALUE))


def _list_level(paragraph: Any, style: _Style) -> int | None:
    """How deep in a list; None outside of one."""
    numbering = paragraph.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
    if numbering is None:
        return 0 if style.listed else None
    level = numbering.find(qn("w:ilvl"))
    value = "0" if level is None else str(level.get(_VALUE))
    return int(value) if value.isdecimal() and len(value) < 3 else 0


def _properties(document: Any, title: str) -> tuple[str, dict[str, object]]:
    """The title and what else the file says of itself."""
    try:
        told = document.core_properties
        values = {
            "author": told.author,
            "subject": told.subject,
            "keywords": told.keywords,
            "created": told.created and told.created.isoformat(),
            "modified": told.modified and told.modified.isoformat(),
        }
        title = told.title or title
    except (ValueError, KeyError, AttributeError, Unreadable):  # nobody needs these to be right
        return title, {}
    return title, values
