"""The columns of a table: their names, their types, and what each is likely to be for."""

from collections.abc import Iterable, Sequence

from .convert import type_of
from .model import BadRow, ColumnType, Row
from .plan import Plan

_IDS = ("id", "key", "uuid", "slug", "path", "url", "sku", "isbn")
_TITLES = ("title", "name", "headline", "subject")
_NOTHING = (None, "")


def columns(rows: Iterable[Row | BadRow]) -> list[str]:
    """The columns' names in the order they appear; later rows may bring further ones."""
    names: dict[str, None] = {}
    for row in rows:
        if isinstance(row, Row):
            names.update(dict.fromkeys(row.cells))
    return list(names)


def guess_types(rows: Iterable[Row | BadRow]) -> dict[str, ColumnType]:
    """What all cells of a column can be read as; empty cells say nothing."""
    seen: dict[str, set[ColumnType]] = {}
    for row in rows:
        if isinstance(row, Row):
            for name, cell in row.cells.items():
                kinds = seen.setdefault(name, set())
                if cell not in _NOTHING:
                    kinds.add(type_of(cell))
    return {name: kinds.pop() if len(kinds) == 1 else "text" for name, kinds in seen.items()}


def suggest(rows: Sequence[Row | BadRow]) -> Plan:
    """A plan to begin with: the id by its name or the first column, the title by its name,
    long words as the text, and the rest as metadata."""
    names, types = columns(rows), guess_types(rows)
    key = _named(names, _IDS) or (names[0] if names else None)
    title = _named([name for name in names if name != key], _TITLES) or ""
    rest = [name for name in names if name not in (key, title)]
    texts = [name for name in rest if types[name] == "text" and not _is_short(name, rows)]
    if not texts and not title:
        texts = [name for name in rest if types[name] == "text"] or rest
    metadata = {name: types[name] for name in rest if name not in texts}
    return Plan(key, title_column=title, text_columns=tuple(texts), metadata_columns=metadata)


def _named(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    by_name = {name.strip().lower(): name for name in reversed(names)}
    return next((by_name[one] for one in wanted if one in by_name), None)


def _is_short(name: str, rows: Sequence[Row | BadRow]) -> bool:
    """Whether no cell has more than three words: a label, not a text."""
    cells = [row.cells.get(name) for row in rows if isinstance(row, Row)]
    return all(not isinstance(cell, str) or len(cell.split()) <= 3 for cell in cells)
