"""Where in its source a quoted span stands: the page of a PDF, the lines of a program."""

from collections.abc import Mapping
from typing import Any


def place_of(
    place: Mapping[str, Any], text: str, passage: int, start: int, end: int
) -> dict[str, Any]:
    """From the place of the passage that begins at `passage` in `text`, that of a span in it.

    Lines are counted on; a page, a sheet or a cell stays that of the passage.
    """
    line = place.get("line")
    if not isinstance(line, int):
        return dict(place)
    first = line + text.count("\n", passage, start)
    last = first + text.count("\n", start, end)
    return {"line": first} | ({"to": last} if last > first else {})
