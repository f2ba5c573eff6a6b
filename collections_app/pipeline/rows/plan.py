"""Which columns make a document of a row."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .convert import as_date, as_number
from .model import BadRow, ColumnType, Row


@dataclass(frozen=True)
class Item:
    """What a row came to. `text` is empty only where the title alone is the content."""

    id: str
    title: str
    text: str
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The columns of id, title, text and metadata; without any, as the `llm` tool has it:
    the first column is the id, the others, joined by a blank, are the text.

    `id_column` None stands for each row's first column, `numbered` for the row's number in
    its place. `text_columns` None stands for all but those of id and title. `prefix` is put
    before the id and `prepend` before the text.
    """

    id_column: str | None = None
    title_column: str = ""
    text_columns: tuple[str, ...] | None = None
    metadata_columns: Mapping[str, ColumnType] = field(default_factory=dict)
    prefix: str = ""
    prepend: str = ""
    numbered: bool = False

    def as_options(self) -> dict[str, Any]:
        """For JSON; `Plan.of` is the way back."""
        return asdict(self)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Plan":
        """From what `as_options` gave, JSON in between or not."""
        texts = options.get("text_columns")
        return cls(**{**options, "text_columns": None if texts is None else tuple(texts)})

    def item(self, row: Row | BadRow) -> Item | BadRow:
        """The document, or the reason why there is none."""
        if isinstance(row, BadRow):
            return row
        id_column = self._id_column(row)
        key = str(row.number) if self.numbered else written(row.cells.get(id_column or ""))
        if not key.strip():
            return BadRow(row.number, self._no_id(id_column))
        try:
            metadata = self._metadata(row)
        except ValueError as error:
            return BadRow(row.number, str(error))
        title, text = written(row.cells.get(self.title_column)), self._text(row, id_column)
        if not (text.strip() or title.strip()):
            return BadRow(row.number, "The row has no text in the columns chosen for it.")
        return Item(self.prefix + key, title.strip(), self.prepend + text, metadata)

    def _id_column(self, row: Row) -> str | None:
        if self.numbered or self.id_column is not None:
            return self.id_column
        return next(iter(row.cells), None)

    def _no_id(self, column: str | None) -> str:
        if column is None:
            return "The row has no columns."
        return f"The row has no id: {column!r} is empty."

    def _text(self, row: Row, id_column: str | None) -> str:
        chosen = self.text_columns
        if chosen is None:
            without = {self.title_column} if self.numbered else {id_column, self.title_column}
            chosen = tuple(name for name in row.cells if name not in without)
        return " ".join(written(row.cells.get(name)) for name in chosen)

    def _metadata(self, row: Row) -> dict[str, Any]:
        """What the columns give; empty cells give nothing. Raises ValueError."""
        found = {}
        for name, kind in self.metadata_columns.items():
            cell = row.cells.get(name)
            if cell not in (None, ""):
                found[name] = _typed(name, cell, kind)
        return found


def written(cell: Any) -> str:
    """A cell as text: nothing for nothing, words as they stand, JSON for lists and objects."""
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def _typed(name: str, cell: Any, kind: ColumnType) -> Any:
    if kind == "text":
        return cell
    value = as_number(cell) if kind == "number" else as_date(cell)
    if value is None:
        shown = written(cell)[:40]
        raise ValueError(f"{name!r} should be a {kind} and is {shown!r}. Make its type text.")
    return value
