"""What makes a row unusable, whatever it is written in."""

import math
import re
from collections.abc import Mapping
from typing import Any

from .model import MAX_CELL_CHARS, MAX_COLUMNS, MAX_LEVELS, MAX_ROW_CHARS, BadRow, Row

BROKEN = "\ufdd0"  # a code point that means nothing: stands for a byte that could not be decoded
_UNUSABLE = re.compile("[\ud800-\udfff\ufdd0]")

TOO_LONG = (
    f"The row is longer than {MAX_ROW_CHARS:,} characters. "
    "Split it, or check that each quotation mark is closed."
)
TOO_DEEP = f"The row is nested deeper than {MAX_LEVELS} levels. Make it flatter."
CELL_TOO_LONG = (
    f"A cell is longer than {MAX_CELL_CHARS:,} characters. "
    "Split it, or check that each quotation mark is closed."
)
BAD_BYTES = "The row has bytes that are not valid in the file's encoding. Save it as UTF-8."


NUMBER_TOO_LARGE = "A number is too large. Put it in quotation marks."
NUMBER_TOO_LONG = "A number has too many digits. Put it in quotation marks."
_MOST_BITS = 10_000  # Python writes no number of more than 4,300 digits


def too_many(columns: int) -> str:
    """The reason for a row, or a header, that is too wide."""
    return f"The row has {columns:,} columns; the most is {MAX_COLUMNS:,}. Leave some out."


def checked(number: int, cells: Mapping[str, Any]) -> Row | BadRow:
    """The row, or what is wrong with it."""
    if len(cells) > MAX_COLUMNS:
        return BadRow(number, too_many(len(cells)))
    reason = _problem(dict(cells), 0)
    return BadRow(number, reason) if reason else Row(number, cells)


def _problem(value: Any, level: int) -> str:
    if isinstance(value, str):
        if len(value) > MAX_CELL_CHARS:
            return CELL_TOO_LONG
        return BAD_BYTES if _UNUSABLE.search(value) else ""
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return NUMBER_TOO_LONG
    if isinstance(value, float) and not math.isfinite(value):
        return NUMBER_TOO_LARGE
    if not isinstance(value, dict | list):
        return ""
    if level >= MAX_LEVELS:
        return TOO_DEEP
    inner = [*value, *value.values()] if isinstance(value, dict) else value
    return next((reason for one in inner if (reason := _problem(one, level + 1))), "")
