"""A query on a PostgreSQL database of the user's, read-only and with a time limit."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
from django.utils.translation import gettext as _
from psycopg.conninfo import conninfo_to_dict

from collections_app.models import Blob
from collections_app.sources import addresses
from collections_app.sources.items import Context, Item, Unlisted
from collections_app.sources.options import Option
from collections_app.sources.tables import MEDIA_TYPE, check_plan, items_of, query_rows
from collections_app.storage import Rejected

OPTIONS = (
    Option("query", required=True),
    Option("plan", dict),
    MEDIA_TYPE,
    Option("seconds", int, default=60, least=1, most=3600),
)
SECRETS = (Option("address", required=True),)  # postgresql://user:password@host:5432/name
COMPLETE = True
PARTS = {"host", "port", "user", "password", "dbname", "sslmode"}
SSL_MODES = ("prefer", "require", "verify-full")
# What libpq would otherwise look for on this machine.
CLOSED = {
    "passfile": "/dev/null",
    "sslcert": "/dev/null",
    "sslkey": "/dev/null",
    "gssencmode": "disable",
    "connect_timeout": 10,
    "application_name": "embedsite",
}


def check(options: dict[str, Any], blob: Blob | None) -> None:
    check_plan(options)


def check_secrets(secrets: dict[str, Any]) -> None:
    parts(secrets["address"])


def parts(address: str) -> dict[str, Any]:
    """The address in its parts. Raises Rejected; its message repeats nothing secret."""
    try:
        found = conninfo_to_dict(address)
    except psycopg.Error as error:
        raise Rejected(_("This is not an address like postgresql://user@host/name.")) from error
    host = str(found.get("host", ""))
    if set(found) - PARTS or found.get("sslmode", "prefer") not in SSL_MODES:
        raise Rejected(
            _("The address may have user, password, host, port, name and sslmode (%s) only.")
            % ", ".join(SSL_MODES)
        )
    if not host or not found.get("user") or not found.get("dbname") or set(host) & set("/,@"):
        raise Rejected(_("The address needs one host, a user and the database's name."))
    return found


def items(context: Context) -> Iterator[Item]:
    """Raises Unlisted where the database cannot be reached, or refuses the query."""
    try:
        with closing(_connected(context.secrets["address"])) as connection:
            connection.read_only = True
            milliseconds = context.options["seconds"] * 1000
            connection.execute(
                "SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)]
            )
            with connection.cursor() as cursor:
                rows = cursor.stream(context.options["query"].encode())
                yield from items_of(_named(cursor, rows), context)
    except addresses.Refused as error:
        raise Unlisted(str(error), again=False) from error
    except psycopg.OperationalError as error:
        raise Unlisted(_("The database says: %s") % _short(error)) from error
    except (psycopg.Error, OSError, Rejected) as error:
        raise Unlisted(_("The database says: %s") % _short(error), again=False) from error


def _connected(address: str) -> psycopg.Connection[Any]:
    found = parts(address)
    vetted = addresses.vetted(found["host"], int(found.get("port") or 5432))
    secure = {"sslrootcert": "system"} if found.get("sslmode") == "verify-full" else {}
    return psycopg.connect(**{**found, **CLOSED, **secure, "hostaddr": vetted[0]})


def _named(cursor: psycopg.Cursor[Any], rows: Iterator[Any]) -> Iterator[Any]:
    """The columns' names are known once the first row is there."""
    first = next(rows, None)
    if first is None:
        return
    names = [column.name for column in cursor.description or []]
    yield from query_rows(names, _both(first, rows))


def _both(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
