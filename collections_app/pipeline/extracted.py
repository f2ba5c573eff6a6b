"""What extraction gives back, and how it says no."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from . import sandbox_place

PLAIN = "text/plain"
MARKDOWN = "text/markdown"
HTML = "text/html"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
EPUB = "application/epub+zip"
RTF = "application/rtf"
EMAIL = "message/rfc822"
NOTEBOOK = "application/x-ipynb+json"


class Unreadable(Exception):  # noqa: N818 - a statement about the content, as the pages say it
    """No text can be had from this content; the message says why and what to do, `place`, as
    `Place.where`, what in the source is to blame, where that is known."""

    def __init__(self, reason: str, place: Mapping[str, object] | None = None) -> None:
        super().__init__(reason)
        self.place = dict(place or {})


@contextmanager
def at(where: Callable[[], Mapping[str, object]]) -> Iterator[None]:
    """A reader at work on a part of the source: whatever is raised gets the place of it."""
    sandbox_place.note(where())
    try:
        yield
    except (MemoryError, RecursionError):
        raise
    except Unreadable as error:
        error.place = error.place or dict(where())
        raise
    except Exception as error:  # parsers on hostile input raise anything
        reason = f"The content could not be read ({repr(error)[:500]})."
        raise Unreadable(reason, where()) from error


@dataclass(frozen=True)
class Place:
    """Where in the source the text from `start` on stands, until the next place.

    `where` is what a person would look for: {"page": 3}, {"slide": 2}, {"chapter": 4},
    {"sheet": "Prices", "cell": "A5"}, {"cell": 7} (of a notebook), {"part": 2} (of a message),
    {"heading": "Prices"}, {"entry": "content.xml"} (of a package).
    """

    start: int
    where: Mapping[str, object]


@dataclass(frozen=True)
class Extracted:
    """The text of a document.

    `text` has `\\n` line ends, no NUL and no lone surrogate; `media_type` is that of
    `text` (text/plain or text/markdown), `format` that of what came in, and `encoding` the
    one its bytes were read in, where they are characters. `metadata` is safe for JSON and
    for PostgreSQL's jsonb. `places` are in order of their starts. `first_line` is the line
    of the source, or of the words of a message or of rich text, in which a text begins that
    stands there as it is; 0 for no such text.
    """

    text: str
    title: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    media_type: str = PLAIN
    places: tuple[Place, ...] = ()
    first_line: int = 0
    format: str = ""
    encoding: str = ""

    def place(self, start: int) -> Mapping[str, object]:
        """Where in the source the character at `start` of the text stands; empty if unknown."""
        at = bisect_right(self.places, start, key=lambda place: place.start)
        if at:
            return self.places[at - 1].where
        return {"line": self._line(start)} if self.first_line else {}

    def places_of(self, start: int, end: int) -> Mapping[str, object]:
        """Where `text[start:end]` stands: the place it begins at, and as `to` the last page,
        slide, cell or line, if that is another one of the same kind."""
        first, last = self.place(start), self.place(max(end - 1, start))
        if not first or first == last or first.keys() != last.keys():
            return first
        *outer, inner = first
        if any(first[name] != last[name] for name in outer):
            return first
        return {**first, "to": last[inner]}

    def _line(self, start: int) -> int:
        return self.first_line + bisect_right(self._line_ends, start - 1)

    @cached_property
    def _line_ends(self) -> list[int]:
        return [end.start() for end in re.finditer("\n", self.text)]

    def packed(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        return asdict(self)

    @classmethod
    def unpacked(cls, values: Mapping[str, Any]) -> "Extracted":
        """What `packed` gave."""
        places = tuple(Place(**place) for place in values["places"])
        return cls(**{**values, "places": places})
