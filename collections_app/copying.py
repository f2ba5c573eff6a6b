"""Rows into a table by binary COPY: many times faster than inserts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Model
from numpy.typing import NDArray
from psycopg import Copy

SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END = b"\xff\xff"
NUMBERS = {"int2": ">i2", "int8": ">i8", "float8": ">f8", "bool": "u1"}


def next_ids(model: type[Model], count: int) -> list[int]:
    """So many ids of the model's table that nobody else gets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def copy_rows(model: type[Model], columns: str, types: str, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows of these columns into the model's table; `types` are PostgreSQL's, in order.

    A `bytea` goes over the wire as it stands, so it can be the binary form of any type.
    """
    with _copying(model, columns.split()) as copy:
        copy.set_types(types.split())
        for row in rows:
            copy.write_row(row)


def copy_arrays(model: type[Model], columns: Mapping[str, tuple[str, NDArray[Any]]]) -> None:
    """Write rows without NULLs, all of one size, at once. `columns`: each one's type, and its
    values (n,); the other columns get the table's defaults."""
    row = row_type({name: kind for name, (kind, _values) in columns.items()})
    count = len(next(iter(columns.values()))[1])
    rows = np.zeros(count, row)
    rows["(fields)"] = len(columns)
    for name, (_kind, values) in columns.items():
        rows[f"({name} length)"] = row[name].itemsize
        rows[name] = values
    with _copying(model, columns) as copy:
        copy.write(SIGNATURE + rows.tobytes() + END)


def row_type(columns: Mapping[str, str | int]) -> np.dtype[np.void]:
    """A row of a binary COPY as numpy has it. `columns`: each one's type, or the dimension of a
    vector."""
    fields: list[tuple[Any, ...]] = [("(fields)", ">i2")]
    for name, kind in columns.items():
        fields.append((f"({name} length)", ">i4"))
        if isinstance(kind, int):
            fields += [(f"({name} dimension)", ">i2"), (f"({name} unused)", ">i2")]
            fields.append((name, ">f4", (kind,)))
        else:
            fields.append((name, NUMBERS[kind]))
    return np.dtype(fields)


@contextmanager
def _copying(model: type[Model], columns: Iterable[str]) -> Iterator[Copy]:
    """A COPY into these columns of the model's table."""
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    statement = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        yield copy
