"""Rows of one size, read as a numpy array by binary COPY: many times faster than one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

HEADER = 19  # bytes before the first row of a binary COPY
TRAILER = 2
NUMBERS = {"int8": ">i8", "float8": ">f8", "bool": "u1"}


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
