"""Cells as numbers and dates."""

import re
from datetime import date, datetime
from typing import Any

from .model import ColumnType

# No leading zeros: they are codes. No endless digits: readers of numbers refuse them.
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d{0,300})(?:\.\d{1,300})?(?:[eE][+-]?\d{1,2})?")
_DATE = re.compile(r"\d{4}[-/]\d")


def type_of(cell: Any) -> ColumnType:
    """What one cell can be read as."""
    if isinstance(cell, bool):
        return "text"
    if isinstance(cell, int | float):
        return "number"
    if isinstance(cell, str):
        if _NUMBER.fullmatch(cell.strip()):
            return "number"
        if as_date(cell) is not None:
            return "date"
    return "text"


def as_number(cell: Any) -> int | float | None:
    """The cell as a number; None when it is none."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell
    if not isinstance(cell, str) or not _NUMBER.fullmatch(cell.strip()):
        return None
    try:
        return int(cell)
    except ValueError:
        return float(cell)


def as_date(cell: Any) -> str | None:
    """The cell as an ISO date, or date and time; None when it is none."""
    if not isinstance(cell, str) or not _DATE.match(cell.strip()):
        return None
    text = cell.strip().replace("/", "-")
    try:
        if len(text) <= 10:
            year, month, day = text.split("-")
            return date(int(year), int(month), int(day)).isoformat()
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None
