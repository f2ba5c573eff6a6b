"""Rows of CSV, TSV, JSON and NDJSON files, one at a time, and documents made of them.

    form = sniff(path, "shop.csv")                    # delimiter, header, encoding
    first = list(islice(read(path, form), 20))        # Row and BadRow, for a preview
    plan = suggest(first)                             # which column is what
    for row in read(path, form):
        item = plan.item(row)                         # Item, or BadRow with the reason

A file that is no table at all is Unreadable; a row that is broken is a BadRow and the rows
after it follow. Memory does not grow with the file.
"""

from ..extracted import Unreadable
from .columns import columns, guess_types, suggest
from .model import BadRow, ColumnType, Kind, Row, RowFormat
from .plan import Item, Plan
from .reading import read
from .sniffing import ROW_SUFFIXES, has_rows, sniff
from .source import Content

__all__ = [
    "ROW_SUFFIXES",
    "BadRow",
    "ColumnType",
    "Content",
    "Item",
    "Kind",
    "Plan",
    "Row",
    "RowFormat",
    "Unreadable",
    "columns",
    "guess_types",
    "has_rows",
    "read",
    "sniff",
    "suggest",
]
