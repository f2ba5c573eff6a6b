"""What a table is written in, and what its rows are."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["csv", "tsv", "json", "ndjson"]
ColumnType = Literal["number", "date", "text"]

MAX_CELL_CHARS = 5_000_000
MAX_ROW_CHARS = 8_000_000
MAX_COLUMNS = 1000
MAX_LEVELS = 50  # of lists and objects in one another: readers of JSON recurse


@dataclass(frozen=True)
class RowFormat:
    """How to read a file's rows. `delimiter`, `header` and `spaced` are for CSV and TSV.

    Without a `header` the columns are called "column 1" and so on. In a `spaced` file a
    blank follows each delimiter and belongs to no cell. `key` names the array of rows where
    a JSON file is an object that holds one.
    """

    kind: Kind
    encoding: str = "utf-8"
    delimiter: str = ","
    header: bool = True
    spaced: bool = False
    key: str = ""

    def as_options(self) -> dict[str, Any]:
        """For JSON; `RowFormat(**options)` is the way back."""
        return asdict(self)


@dataclass(frozen=True)
class Row:
    """One row: its number, from 1 and counting bad ones, and its cells by column.

    A cell of CSV is a str; one of JSON any JSON value. No cell has a lone surrogate.
    """

    number: int
    cells: Mapping[str, Any]


@dataclass(frozen=True)
class BadRow:
    """A row that was left out, and why."""

    number: int
    reason: str
