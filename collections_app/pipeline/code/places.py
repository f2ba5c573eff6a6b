"""Which line of the file each line of a document about code is."""

import re
from dataclasses import replace

from ..extracted import Extracted, Place

MOST_LINES = 2_000_000  # that are counted from what a document says of itself
_RUN = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def line_numbers(lines: object) -> list[int]:
    """`3-9,14` as numbers; empty for what is no such text."""
    numbers: list[int] = []
    for run in lines.split(",") if isinstance(lines, str) else ():
        found = _RUN.fullmatch(run)
        if not found:
            return []
        first, last = int(found[1]), int(found[2] or found[1])
        if len(numbers) + last - first >= MOST_LINES:
            return []
        numbers.extend(range(first, last + 1))
    return numbers


def placed(found: Extracted, lines: object) -> Extracted:
    """The text with the lines of the file that its own lines are, as the document says."""
    numbers = line_numbers(lines)[max(found.first_line - 1, 0) :]
    if not numbers:
        return found
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return replace(found, first_line=numbers[0])
    starts = [0, *(end.end() for end in re.finditer("\n", found.text))]
    pairs = zip(starts, numbers, strict=False)
    return replace(found, places=tuple(Place(start, {"line": line}) for start, line in pairs))


def following(lines: object, line: int, count: int) -> list[int]:
    """The numbers of `count` lines from the file's `line` on; fewer where the text ends."""
    numbers = line_numbers(lines)
    if line in numbers:
        return numbers[numbers.index(line) :][:count]
    return list(range(line, line + count))
