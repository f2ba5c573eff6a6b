"""A document's text for reading, in parts of a size that a browser and we can bear."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from collections_app.models import Document
from collections_app.pipeline.render import render
from collections_app.stages import place_in_words
from search_app.views import listings

PART_CHARS = 100_000

Span = tuple[int, int]  # start and end, in characters of the document's text


@dataclass(frozen=True)
class PlaceShown:
    """Where in the source the passage `ordinal` begins; `page` of a file that has pages."""

    ordinal: int
    words: str
    page: int | None


@dataclass(frozen=True)
class Part:
    """One part of a text as safe HTML; `number` counts from 1."""

    html: str
    number: int
    count: int
    passages: range = range(0)  # the ordinals of those that begin in it
    places: tuple["PlaceShown", ...] = ()

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.count else None


def part_of(
    document: Document,
    passages: Sequence[Span],
    mark: Span | None,
    wanted: int | None,
    lines: Sequence[int] = (),
) -> Part:
    """The part that was asked for; else the one where the mark begins; else the first.

    `lines` are the numbers of the lines of source code.
    """
    starts = [start for start, _end in passages]
    begins = beginnings(starts or range(0, len(document.text), PART_CHARS))
    language = listings.language_of(document)
    if language:  # whole lines, with what is indented before a passage
        begins = [document.text.rfind("\n", 0, begin) + 1 for begin in begins]
    number = wanted or (bisect_right(begins, mark[0]) if mark else 1)
    number = min(max(number, 1), len(begins))
    begin = begins[number - 1]
    end = begins[number] if number < len(begins) else len(document.text)
    first, last = bisect_left(starts, begin), bisect_left(starts, end)
    inside = _within(mark, begin, end)
    anchors = [start - begin for start in starts[first:last]]
    if language:
        html = listings.part(
            document, language, begin, end, lines, mark=inside, anchors=anchors, first=first
        )
    else:
        html = render(
            document.text[begin:end],
            document.media_type,
            mark=inside,
            anchors=anchors,
            first=first,
        )
    return Part(html, number, len(begins), range(first, last))


_IN_THE_TEXT = {"line", "heading"}


def with_places(part: Part, places: Sequence[Mapping[str, Any]]) -> Part:
    """The part with the places of its passages, given those of all of the document's.

    Where a page, a slide or the like begins, its name stands in the text; lines are too many, and
    headings stand there already.
    """
    shown: list[PlaceShown] = []
    for ordinal in part.passages:
        words = place_in_words(places[ordinal])
        if words and (not shown or shown[-1].words != words):
            shown.append(PlaceShown(ordinal, words, places[ordinal].get("page")))
    html = part.html
    for one in shown:
        if not _IN_THE_TEXT & places[one.ordinal].keys():
            name = f'<span id="p{one.ordinal}" class="place">{escape(one.words)}</span>'
            html = html.replace(f'<span id="p{one.ordinal}"></span>', name, 1)
    return replace(part, html=html, places=tuple(shown))


def beginnings(starts: Sequence[int]) -> list[int]:
    """Where the parts of a text begin: at the start of the text, then at passages."""
    begins = [0]
    for start in starts:
        if start - begins[-1] >= PART_CHARS:
            begins.append(start)
    return begins


def _within(mark: Span | None, begin: int, end: int) -> Span | None:
    """The mark in characters of the part, or None where nothing of it is in there."""
    if mark is None or mark[0] >= end or mark[1] <= begin:
        return None
    return max(mark[0], begin) - begin, min(mark[1], end) - begin
