"""Hundreds of numbers to PostgreSQL and back, without the driver's detours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from numpy.typing import NDArray
from psycopg.pq import Format


@contextmanager
def binary_cursor() -> Iterator[CursorWrapper]:
    """A cursor whose rows are sent in binary form, logged and counted as all others are.

    Django's own binds parameters on our side, which cannot ask for that.
    """
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as raw:
        raw.format = Format.BINARY
        driver: Any = raw  # of the driver as Django's own are, whatever its types say
        logged = connection.queries_logged
        yield connection.make_debug_cursor(driver) if logged else connection.make_cursor(driver)


def array(ids: NDArray[np.int64]) -> str:
    """Ids as a parameter: PostgreSQL's own form of an array, which takes the driver longer."""
    return "{" + ",".join(map(str, ids.tolist())) + "}"
