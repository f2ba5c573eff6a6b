"""Running typed SQL: a fresh connection of a role of its own, within limits, watched."""

import contextlib
import json
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

MOST_ROWS = 1000
MOST_BYTES = 5_000_000  # of a result, as text
TIMEOUT_MS = 1000  # of the statement, by the server
WATCH_SECONDS = 2.0  # of the whole, by us: whatever the query has done to its timeout


class Failed(Exception):  # noqa: N818 - told to the query's author
    """What the database said to a query."""


class NotSetUp(Exception):  # noqa: N818 - a state, not a fault
    """There is no role to read with."""


@dataclass(frozen=True)
class Table:
    """What a query gave. `more`: there were more rows or bytes than are given out."""

    columns: list[str]
    rows: list[list[Any]]
    more: bool


def read(token: UUID, sql: str, values: Sequence[str | None]) -> Table:
    """Run one query, with $1, $2, … bound to texts. Raises Failed and NotSetUp."""
    connected = _connect(token)
    watchdog = threading.Timer(WATCH_SECONDS, _stop, [connected])
    watchdog.daemon = True
    watchdog.start()
    try:
        return _read(connected, sql, values)
    except psycopg.Error as error:
        raise Failed(_message(error)) from error
    finally:
        watchdog.cancel()
        connected.close()


def _read(connected: psycopg.Connection[Any], sql: str, values: Sequence[str | None]) -> Table:
    """A cursor takes SELECT and VALUES alone; it is measured before anything is sent."""
    connected.execute("BEGIN READ ONLY")
    bound = [None if value is None else value.encode() for value in values]
    # The extended protocol takes one statement, whatever is written in it.
    declared = connected.pgconn.exec_params(
        f"DECLARE result SCROLL CURSOR FOR {sql}".encode(), bound
    )
    _check(declared, connected)
    row = connected.execute(
        "SELECT counted, more FROM explore.measure('result', %s, %s)", [MOST_ROWS, MOST_BYTES]
    ).fetchone()
    assert row is not None
    counted, more = row
    connected.execute("MOVE ABSOLUTE 0 IN result")
    fetched = connected.pgconn.exec_params(f"FETCH {int(counted)} FROM result".encode(), None)
    _check(fetched, connected)
    return _table(fetched, more)


def _connect(token: UUID) -> psycopg.Connection[Any]:
    if not settings.SQL_READER:
        raise NotSetUp
    options = {
        "embedsite.run": token,
        "search_path": "explore,public",
        "default_transaction_read_only": "on",
        "statement_timeout": TIMEOUT_MS,
        "lock_timeout": TIMEOUT_MS // 2,
        "idle_in_transaction_session_timeout": 5 * TIMEOUT_MS,
        "client_connection_check_interval": TIMEOUT_MS // 2,
        "standard_conforming_strings": "on",
        "client_encoding": "utf8",
        "work_mem": "16MB",
        "max_parallel_workers_per_gather": 0,
        "jit": "off",
    }
    try:
        return psycopg.connect(
            **({"dbname": connection.settings_dict["NAME"]} | settings.SQL_READER),
            options=" ".join(f"-c {name}={value}" for name, value in options.items()),
            autocommit=True,
            connect_timeout=5,
            application_name="embedsite sql",
        )
    except psycopg.OperationalError as error:
        if "too many connections" in str(error):
            raise Failed("Too many queries run at this moment. Try again in a second.") from error
        if isinstance(error, psycopg.errors.ConnectionTimeout):
            raise Failed("The database is busy. Try again in a second.") from error
        raise NotSetUp from error


def _stop(connected: psycopg.Connection[Any]) -> None:
    with contextlib.suppress(psycopg.Error):  # it has ended, or its statement_timeout ends it
        connected.cancel_safe(timeout=2)


def _check(result: PGresult, connected: psycopg.Connection[Any]) -> None:
    if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        raise psycopg.errors.error_from_result(result, "utf-8")


def _message(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.QueryCanceled):
        return f"The query was stopped: it took longer than {TIMEOUT_MS} ms."
    told = error.diag.message_primary or str(error)
    return f"{told} ({error.diag.message_hint})" if error.diag.message_hint else told


INTEGERS, FLOATS, BOOLEAN, JSONS = {20, 21, 23}, {700, 701}, 16, {114, 3802}


def _table(result: PGresult, more: bool) -> Table:
    names = [(result.fname(place) or b"").decode() for place in range(result.nfields)]
    kinds = [result.ftype(place) for place in range(result.nfields)]
    rows = [
        [_value(result.get_value(row, place), kind) for place, kind in enumerate(kinds)]
        for row in range(result.ntuples)
    ]
    return Table(names, rows, more)


def _value(raw: bytes | None, kind: int) -> Any:
    """Numbers, truth values and JSON as such; all else as PostgreSQL writes it."""
    if raw is None:
        return None
    text = raw.decode()
    if kind in INTEGERS:
        return int(text)
    if kind in FLOATS:
        return float(text) if math.isfinite(float(text)) else text
    if kind == BOOLEAN:
        return text == "t"
    return json.loads(text) if kind in JSONS else text
