"""CSV and TSV."""

import csv
from collections.abc import Iterator, Sequence
from itertools import count

from ..extracted import Unreadable
from .cells import CELL_TOO_LONG, TOO_LONG, checked, too_many
from .model import MAX_CELL_CHARS, MAX_COLUMNS, BadRow, Row, RowFormat
from .source import Content, Lines, LineTooLongError, as_text


def read(content: Content, form: RowFormat) -> Iterator[Row | BadRow]:
    """Each row under the header's names. Raises Unreadable for a header that is too wide."""
    with as_text(content, form.encoding) as text:
        records = (one for one in _records(Lines(text), form) if one != [])  # empty lines
        names: list[str] | None = None
        if form.header:
            names = _names(next(records, []))
        number = 0
        for record in records:
            number += 1
            if isinstance(record, str):
                yield BadRow(number, record)
                continue
            names = names or [f"column {n + 1}" for n in range(len(record))]
            yield _row(number, names, record)


def _records(lines: Lines, form: RowFormat) -> Iterator[list[str] | str]:
    """The cells of each record; the reason where there are none to be had."""
    csv.field_size_limit(MAX_CELL_CHARS)
    reader = csv.reader(lines, delimiter=form.delimiter, skipinitialspace=form.spaced, strict=False)
    while True:
        lines.start_row()
        try:
            yield next(reader)
        except StopIteration:
            return
        except LineTooLongError:
            yield TOO_LONG
        except csv.Error as error:
            yield CELL_TOO_LONG if "limit" in str(error) else f"The row is not CSV: {error}."


def _names(header: list[str] | str) -> list[str]:
    """The columns' names, each once."""
    if isinstance(header, str):
        raise Unreadable(f"The first line cannot be read. {header}")
    if len(header) > MAX_COLUMNS:
        raise Unreadable(too_many(len(header)))
    names: list[str] = []
    taken = set[str]()
    for place, cell in enumerate(header, 1):
        name = cell.strip() or f"column {place}"
        tries = (name if n == 1 else f"{name} {n}" for n in count(1))
        names.append(next(one for one in tries if one not in taken))
        taken.add(names[-1])
    return names


def _row(number: int, names: Sequence[str], record: list[str]) -> Row | BadRow:
    if len(record) > MAX_COLUMNS:
        return BadRow(number, too_many(len(record)))
    if len(record) > len(names):
        return BadRow(
            number,
            f"The row has {len(record)} cells, the header {len(names)}. "
            "Put quotation marks around a cell that has the delimiter in it.",
        )
    cells = record + [""] * (len(names) - len(record))
    return checked(number, dict(zip(names, cells, strict=True)))
