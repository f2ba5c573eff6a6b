"""Source code on pages: which lines of its file a text has."""

from collections.abc import Sequence
from typing import Any

from collections_app.models import Document
from collections_app.pipeline.code import Language, by_media_type
from collections_app.pipeline.code.highlight import Span, listing
from collections_app.pipeline.code.places import following


def language_of(document: Document) -> Language | None:
    """None for what is no source code."""
    return by_media_type(document.media_type)


def path_of(document: Document) -> str:
    """The file that the document stands in."""
    path = document.metadata.get("path")
    return path if isinstance(path, str) else document.external_id


def lines_of(document: Document, passages: Sequence[tuple[int, int, Any]]) -> list[int]:
    """The number in its file of each line of the text, from where its first passage stands."""
    count = document.text.count("\n") + 1
    start, line = 0, 1
    if passages and isinstance(passages[0][2].get("line"), int):
        start, line = passages[0][0], passages[0][2]["line"]
    before = document.text.count("\n", 0, start)
    return [
        *range(line - before, line),
        *following(document.metadata.get("lines"), line, count - before),
    ]


def part(
    document: Document,
    language: Language,
    begin: int,
    end: int,
    lines: Sequence[int],
    *,
    mark: Span | None,
    anchors: Sequence[int],
    first: int,
) -> str:
    """A part of the text that begins with a line, as `reading.part_of` cuts it."""
    return listing(
        document.text[begin:end].removesuffix("\n"),
        language,
        lines[document.text.count("\n", 0, begin) :],
        marks=[mark] if mark else [],
        anchors=anchors,
        first=first,
    )
