"""A text put together piece by piece, with where in the source each piece stands."""

from collections.abc import Mapping

from . import sandbox_place
from .decode import clean
from .extracted import MARKDOWN, Extracted, Place, Unreadable

_BETWEEN = "\n\n"
HEADING_CHARS = 150  # of one that tells a place


def too_long(length: int, most: int) -> str:
    """The reason of a text over the limit."""
    return f"The text is {length:,} characters long; the most is {most:,}. Split the file."


def check_length(text: str, max_chars: int) -> None:
    """Raises Unreadable, with the line at which it gets too long, for a text over the limit."""
    if len(text) > max_chars:
        line = text.count("\n", 0, max_chars) + 1
        raise Unreadable(too_long(len(text), max_chars), {"line": line})


class Pieces:
    """What a reader collects. Raises Unreadable as soon as it is more than `max_chars`."""

    def __init__(self, max_chars: int, media_type: str = MARKDOWN) -> None:
        self._max_chars = max_chars
        self._media_type = media_type
        self._pieces: list[str] = []
        self._places: list[Place] = []
        self._length = 0
        self._kind = ""  # of the last piece
        self._under: dict[str, object] = {}

    def begin(self, heading: str) -> None:
        """What follows stands under this heading, where no other place is told."""
        if words := " ".join(clean(heading).split())[:HEADING_CHARS]:
            self._under = {"heading": words}
            sandbox_place.note(self._under)

    def add(self, piece: str, where: Mapping[str, object] | None = None, kind: str = "") -> None:
        """One more piece, after a gap; nothing for one without a character to see.

        Between two of one `kind` (items of a list, rows of a table) there is no empty line.
        """
        where = where or self._under
        piece = clean(piece).strip("\n")
        if not piece.strip():
            return
        between = "\n" if kind and kind == self._kind else _BETWEEN
        self._kind = kind
        if self._pieces:
            piece = between + piece
        start = self._length + (len(between) if self._pieces else 0)
        if where and (not self._places or self._places[-1].where != where):
            self._places.append(Place(start, where))
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length > self._max_chars:
            last = self._places[-1].where if self._places else None
            raise Unreadable(too_long(self._length, self._max_chars), last)

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def extracted(
        self,
        title: str = "",
        metadata: Mapping[str, object] | None = None,
        first_line: int = 0,
    ) -> Extracted:
        """All of it; `title` and the values of `metadata` are cleaned, empty ones left out."""
        values = {name: _tidy(value) for name, value in (metadata or {}).items()}
        return Extracted(
            text="".join(self._pieces),
            title=" ".join(clean(title).split())[:1000],
            metadata={name: value for name, value in values.items() if value not in ("", [])},
            media_type=self._media_type,
            places=tuple(self._places),
            first_line=first_line,
        )


def _tidy(value: object) -> object:
    """A value of a header as JSON and PostgreSQL take it, and not endless."""
    if isinstance(value, list):
        return [_tidy(one) for one in value[:200]]
    if value is None or isinstance(value, int):
        return "" if value is None else value
    return " ".join(clean(str(value)).split())[:1000]
