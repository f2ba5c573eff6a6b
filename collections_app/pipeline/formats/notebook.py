"""Jupyter notebooks: cells of text as Markdown, cells of code as code."""

import json
from typing import Any

from .. import sandbox_place
from ..blocks import first_heading
from ..decode import clean
from ..extracted import Extracted, Unreadable
from ..pieces import Pieces

_FENCE = "```"


def read(data: bytes, max_chars: int) -> Extracted:
    cells, language = _cells(data)
    pieces = Pieces(max_chars)
    title = ""
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict):
            continue
        sandbox_place.note({"cell": number})
        source = _source(cell)
        if not source.strip():
            continue
        if cell.get("cell_type") == "code":
            source = _fenced(source.strip("\n"), language)
        elif not title:
            title = first_heading(source[:100_000])
        pieces.add(source, {"cell": number})
    return pieces.extracted(title, {"programming_language": language})


def _cells(data: bytes) -> tuple[list[Any], str]:
    """The cells, also of notebooks of the third format, and their programming language."""
    try:
        book = json.loads(data)
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        place = {"line": line} if line else {}
        raise Unreadable("The notebook is no whole JSON. Save it again.", place) from error
    if not isinstance(book, dict):
        raise Unreadable("The notebook has no cells. Save it again.")
    cells = book.get("cells")
    if not isinstance(cells, list):
        sheets = book.get("worksheets")
        first = sheets[0] if isinstance(sheets, list) and sheets else None
        cells = first.get("cells") if isinstance(first, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("The notebook has no cells. Save it again.")
    return cells, _language(book.get("metadata"))


def _language(metadata: Any) -> str:
    for section, name in (("language_info", "name"), ("kernelspec", "language")):
        found = metadata.get(section) if isinstance(metadata, dict) else None
        told = found.get(name) if isinstance(found, dict) else None
        if isinstance(told, str) and told.replace("-", "").isalnum():
            return told[:40]
    return ""


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return clean(source) if isinstance(source, str) else ""


def _fenced(code: str, language: str) -> str:
    """The code between fences that do not stand in it."""
    fence = _FENCE
    while fence in code:
        fence += "`"
    return f"{fence}{language}\n{code}\n{fence}"
