"""Rows of one size read as numpy arrays by binary COPY: many times faster than one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from collections_app.copying import END, SIGNATURE, row_type


def read(
    query: str, values: Mapping[str, Any] | Sequence[Any], columns: Mapping[str, str | int]
) -> NDArray[np.void]:
    """The rows of a query without NULLs. `columns`: each one's type, or a vector's dimension."""
    row = row_type(columns)
    statement = f"COPY ({query}) TO STDOUT (FORMAT BINARY)"
    # Its own cursor: the one that Django puts around it for DEBUG takes no values here.
    with connection.cursor() as cursor, cursor.cursor.copy(statement, values) as copy:
        data = b"".join(copy)
    return np.frombuffer(data[len(SIGNATURE) : -len(END)], dtype=row)
