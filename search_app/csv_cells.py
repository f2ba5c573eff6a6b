"""Tables for spreadsheets, safe against cells that these would run as formulas."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> str:
    """As text; a text that begins as a formula does gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(DANGEROUS) else value
    return cell(json.dumps(value, ensure_ascii=False)) if isinstance(value, dict) else str(value)


class _Echo:
    """A file that gives back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def lines(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The lines of a CSV file with these columns."""
    names = list(columns)
    writer = csv.writer(_Echo())
    yield writer.writerow(names)
    for row in rows:
        yield writer.writerow([cell(row[name]) for name in names])
