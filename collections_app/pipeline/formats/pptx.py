"""Presentations: a section for each slide, with its lists, tables and notes."""

import io
from collections.abc import Iterator
from typing import Any

import pptx as library

from ..extracted import Extracted, at
from ..pieces import Pieces
from . import package, written

_MOST_DEPTH = 30  # of groups in one another


def read(data: bytes, max_chars: int) -> Extracted:
    package.opened(data).close()
    with package.opening(data):
        presentation = library.Presentation(io.BytesIO(data))
    pieces = Pieces(max_chars)
    title = ""
    for number, slide in enumerate(presentation.slides, start=1):
        where: dict[str, object] = {"slide": number}
        with at(where.copy):
            words = _add_slide(pieces, slide, where)
            title = title or words
    told = presentation.core_properties
    metadata = {"author": told.author, "subject": told.subject, "slides": len(presentation.slides)}
    return pieces.extracted(told.title or title, metadata)


def _add_slide(pieces: Pieces, slide: Any, where: dict[str, object]) -> str:
    """All that the slide shows; its heading."""
    heading = slide.shapes.title
    words = str(heading.text_frame.text) if heading is not None else ""
    pieces.add(written.heading(2, words.replace("\v", " ")), where)
    for shape in _shapes(slide.shapes):
        if heading is None or shape.shape_id != heading.shape_id:
            _add_shape(pieces, shape, where)
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
        pieces.add(written.paragraph(notes.text), where)
    return words


def _shapes(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """All shapes, those of groups in the place of the group."""
    for shape in shapes:
        inner = getattr(shape, "shapes", None)
        if inner is not None and depth < _MOST_DEPTH:
            yield from _shapes(inner, depth + 1)
        else:
            yield shape


def _add_shape(pieces: Pieces, shape: Any, where: dict[str, object]) -> None:
    if getattr(shape, "has_table", False):
        rows = ([cell.text for cell in row.cells] for row in shape.table.rows)
        pieces.add(written.table(rows), where)
    elif shape.has_text_frame:
        listed = shape.is_placeholder and len(shape.text_frame.paragraphs) > 1
        for one in shape.text_frame.paragraphs:
            words = one.text.replace("\v", "\n")
            if listed:
                pieces.add(written.item(one.level, words), where, kind="item")
            else:
                pieces.add(written.paragraph(words), where)
