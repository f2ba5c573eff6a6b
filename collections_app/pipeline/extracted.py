"""What extraction gives back, and how it says no."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

PLAIN = "text/plain"
MARKDOWN = "text/markdown"
HTML = "text/html"


class Unreadable(Exception):  # noqa: N818 - a statement about the content, as the pages say it
    """No text can be had from this content; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """Where in the source the text from `start` on stands, until the next place.

    `where` is what a person would look for: {"page": 3}, {"slide": 2},
    {"sheet": "Prices", "cell": "A5"}, {"line": 20}.
    """

    start: int
    where: Mapping[str, object]


@dataclass(frozen=True)
class Extracted:
    """The text of a document.

    `text` has `\\n` line ends, no NUL and no lone surrogate; `media_type` is that of
    `text` (text/plain or text/markdown), not of what came in. `metadata` is safe for
    JSON and for PostgreSQL's jsonb. `places` are in order of their starts.
    """

    text: str
    title: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    media_type: str = PLAIN
    places: tuple[Place, ...] = ()

    def place(self, start: int) -> Mapping[str, object]:
        """Where in the source the character at `start` of the text stands; empty if unknown."""
        at = bisect_right(self.places, start, key=lambda place: place.start)
        return self.places[at - 1].where if at else {}
