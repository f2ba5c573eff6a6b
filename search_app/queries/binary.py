"""Rows of one size, as numpy arrays by binary COPY: many times faster than one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Model
from numpy.typing import NDArray

HEADER = 19  # bytes before the first row of a binary COPY
TRAILER = 2
SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END = b"\xff\xff"
NUMBERS = {"int2": ">i2", "int8": ">i8", "float8": ">f8", "bool": "u1"}


def read(
    query: str, values: Mapping[str, Any] | Sequence[Any], columns: Mapping[str, str | int]
) -> NDArray[np.void]:
    """The rows of a query without NULLs. `columns`: each one's type, or a vector's dimension."""
    row = _row(columns)
    statement = f"COPY ({query}) TO STDOUT (FORMAT BINARY)"
    # Its own cursor: the one that Django puts around it for DEBUG takes no values here.
    with connection.cursor() as cursor, cursor.cursor.copy(statement, values) as copy:
        data = b"".join(copy)
    return np.frombuffer(data[HEADER:-TRAILER], dtype=row)


def write(model: type[Model], columns: Mapping[str, tuple[str, NDArray[Any]]]) -> None:
    """Rows into the model's table, the other columns by the table's defaults. `columns`: each
    one's type, and its values (n,)."""
    row = _row({name: kind for name, (kind, _values) in columns.items()})
    count = len(next(iter(columns.values()))[1])
    rows = np.zeros(count, row)
    rows["(fields)"] = len(columns)
    for name, (_kind, values) in columns.items():
        rows[f"({name} length)"] = row[name].itemsize
        rows[name] = values
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    statement = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(SIGNATURE + rows.tobytes() + END)


def _row(columns: Mapping[str, str | int]) -> np.dtype[np.void]:
    fields: list[tuple[Any, ...]] = [("(fields)", ">i2")]
    for name, kind in columns.items():
        fields.append((f"({name} length)", ">i4"))
        if isinstance(kind, int):
            fields += [(f"({name} dimension)", ">i2"), (f"({name} unused)", ">i2")]
            fields.append((name, ">f4", (kind,)))
        else:
            fields.append((name, NUMBERS[kind]))
    return np.dtype(fields)
