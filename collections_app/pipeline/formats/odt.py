"""OpenDocument texts: headings, lists and tables as Markdown."""

import zipfile
from collections.abc import Iterator
from typing import Any

from ..extracted import Extracted
from ..pieces import Pieces
from . import package, written

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_CORE = "{http://purl.org/dc/elements/1.1/}"
_SKIPPED = {
    f"{_TEXT}tracked-changes",
    f"{_TEXT}note-citation",
    f"{_OFFICE}annotation",
    f"{_TEXT}sequence-decls",
}
_MOST_SPACES = 100
_CONTENT = "content.xml"


def read(data: bytes, max_chars: int) -> Extracted:
    with package.opened(data) as archive:
        try:
            root = package.tree(package.entry(archive, _CONTENT), _CONTENT)
        except KeyError as error:
            raise package.damaged({"entry": _CONTENT}) from error
        body = root.find(f"{_OFFICE}body")
        title, metadata = _told(archive)
    if body is None:
        raise package.damaged({"entry": _CONTENT})
    pieces = Pieces(max_chars)
    for element, depth in _blocks(body):
        if element.tag == f"{_TEXT}h":
            words = _text(element)
            title = title or words
            pieces.begin(words)
            pieces.add(written.heading(_level(element), words))
        elif element.tag == f"{_TABLE}table":
            pieces.add(written.table(_rows(element)))
        elif depth:
            pieces.add(written.item(depth - 1, _text(element)), kind="item")
        else:
            pieces.add(written.paragraph(_text(element)))
    return pieces.extracted(title, metadata)


def _blocks(body: Any) -> Iterator[tuple[Any, int]]:
    """Headings, paragraphs and tables in order, with how many lists each stands in."""
    stack = [(body, 0)]
    while stack:
        element, depth = stack.pop()
        if element.tag in (f"{_TEXT}h", f"{_TEXT}p", f"{_TABLE}table"):
            yield element, depth
        elif element.tag not in _SKIPPED:
            depth += element.tag == f"{_TEXT}list"
            stack.extend((child, depth) for child in reversed(element))


def _level(element: Any) -> int:
    told = str(element.get(f"{_TEXT}outline-level", "1"))
    return int(told) if told.isdecimal() and len(told) < 3 else 1


def _text(element: Any) -> str:
    """The words in an element, its tails inside included; no recursion."""
    pieces: list[str] = []
    stack: list[Any] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            pieces.append(node)
            continue
        pieces.append(_opening(node))
        if isinstance(node.tag, str) and node.tag not in _SKIPPED:
            pieces.append(node.text or "")
            for child in reversed(node):
                stack += [child.tail or "", child]
    return "".join(pieces)


def _opening(node: Any) -> str:
    """The characters that an element without text stands for."""
    if node.tag == f"{_TEXT}s":
        told = str(node.get(f"{_TEXT}c", "1"))
        return " " * (min(int(told), _MOST_SPACES) if told.isdecimal() and len(told) < 9 else 1)
    return {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}.get(node.tag, "")


def _rows(table: Any) -> Iterator[list[str]]:
    """Rows of the table and of its groups of rows; repeated cells and rows count once."""
    for row in table.iter(f"{_TABLE}table-row"):
        cells = row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
        yield [_text(cell) for cell in cells]


def _told(archive: zipfile.ZipFile) -> tuple[str, dict[str, object]]:
    """The title and what else the file says of itself."""
    try:
        root = package.tree(package.entry(archive, "meta.xml"), "meta.xml")
    except KeyError:
        return "", {}
    found = {
        "author": f"{_CORE}creator",
        "subject": f"{_CORE}subject",
        "created": f"{_META}creation-date",
        "modified": f"{_CORE}date",
    }
    values: dict[str, object] = {
        name: root.findtext(f".//{tag}", "") for name, tag in found.items()
    }
    return str(root.findtext(f".//{_CORE}title", "")), values
