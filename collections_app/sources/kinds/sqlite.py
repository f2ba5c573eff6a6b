"""A query on an SQLite file, on the server or uploaded. Nothing is written, ever.

The file is taken as it stands: what other programs have in a journal beside it is not seen.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from django.utils.translation import gettext as _

from collections_app.models import Blob
from collections_app.sources import roots
from collections_app.sources.items import Context, Item, Unlisted
from collections_app.sources.options import Option
from collections_app.sources.tables import MEDIA_TYPE, check_plan, items_of, query_rows
from collections_app.storage import Rejected, path_of

OPTIONS = (Option("path"), Option("query", required=True), Option("plan", dict), MEDIA_TYPE)
SECRETS: tuple[Option, ...] = ()
COMPLETE = True
SECONDS = 600.0  # of the query, without what is done with its rows
STEPS = 100_000  # of SQLite's machine, between two looks at the clock
VALUE_BYTES = 50 * 1024 * 1024
ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
REFUSED_FUNCTIONS = {"load_extension", "fts3_tokenizer", "zeroblob", "randomblob"}


def check(options: dict[str, Any], blob: Blob | None) -> None:
    if (blob is None) == (not options["path"]):
        raise Rejected(_("Upload an SQLite file, or name one on the server: one of the two."))
    if options["path"]:
        roots.allowed_file(options["path"])
    check_plan(options)


def items(context: Context) -> Iterator[Item]:
    """Raises Unlisted where the file or the query is bad."""
    try:
        handle = _opened(context)
    except (OSError, Rejected) as error:
        raise Unlisted(_("The file cannot be read: %s.") % error, again=False) from error
    try:
        with closing(_connected(handle)) as connection:
            cursor = connection.execute(context.options["query"])
            names = [column[0] for column in cursor.description or []]
            yield from items_of(query_rows(names, cursor), context)
    except sqlite3.Error as error:
        raise Unlisted(_("SQLite says: %s.") % error, again=False) from error
    finally:
        os.close(handle)


def _opened(context: Context) -> int:
    if context.blob is not None:
        return os.open(path_of(context.blob.sha256), os.O_RDONLY)
    path = roots.allowed_file(context.options["path"])
    return roots.open_within(path.parent, path.name)


def _connected(handle: int) -> sqlite3.Connection:
    """Through the descriptor: what was vetted is what is read."""
    connection = sqlite3.connect(f"file:/dev/fd/{handle}?mode=ro&immutable=1", uri=True)
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "query_only=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.set_authorizer(_authorize)
    end = time.monotonic() + SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    return connection


def _authorize(action: int, first: str | None, second: str | None, *rest: object) -> int:
    if action not in ALLOWED or (second or "").lower() in REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
