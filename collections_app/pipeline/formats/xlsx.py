"""Workbooks: a section for each sheet, its rows as a table."""

import datetime
import io
import warnings
from collections.abc import Iterator
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter

from .. import sandbox_place
from ..extracted import Extracted, at
from ..pieces import Pieces
from . import package, written

_MOST_ROWS = 1_048_576  # of a sheet, as spreadsheets have it
_NOTED_ROWS = 100  # apart

Cells = list[tuple[int, str]]  # column, counted from 0, and what it shows


def read(data: bytes, max_chars: int) -> Extracted:
    package.opened(data).close()
    warnings.simplefilter("ignore")  # openpyxl's, about what it leaves out
    with package.opening(data):
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    pieces = Pieces(max_chars)
    for sheet in book.worksheets:
        _add_sheet(pieces, sheet)
    told = book.properties
    metadata = {"author": told.creator, "subject": told.subject, "sheets": book.sheetnames}
    return pieces.extracted(told.title or "", metadata)


def _add_sheet(pieces: Pieces, sheet: Any) -> None:
    """Its name as a heading, then a table as wide as its first row with words and its left edge."""
    first, width = 0, 0
    for number, cells in _rows(sheet):
        where = {"sheet": sheet.title, "cell": f"{get_column_letter(cells[0][0] + 1)}{number}"}
        if not width:
            first, width = cells[0][0], cells[-1][0] - cells[0][0] + 1
            pieces.add(written.heading(2, sheet.title), where)
            pieces.add(written.row(_line(cells, first, width)), where, kind="row")
            pieces.add(written.rule(width), where, kind="row")
        else:
            pieces.add(written.row(_line(cells, first, width)), where, kind="row")


def _rows(sheet: Any) -> Iterator[tuple[int, Cells]]:
    """The number of each row that shows something, and its cells."""
    sheet.reset_dimensions()  # what the file says of its size may be anything
    number = 0  # of the last row that was whole
    with at(lambda: {"sheet": sheet.title, "cell": f"A{number + 1}"}):
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > _MOST_ROWS:  # one says that it is far down: all before it are made up
                raise package.damaged({"sheet": sheet.title})
            if number % _NOTED_ROWS == 0:
                sandbox_place.note({"sheet": sheet.title, "cell": f"A{number}"})
            shown = [(n, _shown(value)) for n, value in enumerate(values) if value is not None]
            if cells := [cell for cell in shown if cell[1].strip()]:
                yield number, cells


def _line(cells: Cells, first: int, width: int) -> list[str]:
    """The cells of a row under those of the first one; what stands outside is put at its ends."""
    line = [""] * width
    before = [words for column, words in cells if column < first]
    after = [words for column, words in cells if column >= first + width]
    for column, words in cells:
        if first <= column < first + width:
            line[column - first] = words
    return [*before, *line, *after]


def _shown(value: object) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            return str(value)
