#!/usr/bin/env python
"""Django's command line; starts the embedded database for commands that need it."""

import logging
import os
import signal
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "embedsite.settings")

from django.conf import settings
from django.core.management import call_command, execute_from_command_line
from django.db import connection

from embedsite.servers.commands import needs_database
from embedsite.servers.errors import ServerError
from embedsite.servers.lease import held


def main() -> None:
    wanted = needs_database(sys.argv[1:]) and settings.EMBEDDED_POSTGRES
    if wanted:
        # Leave by the front door, so that the database is stopped when we started it.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with held(settings.VAR_DIR, postgres=wanted):
            if wanted:
                prepare()
            execute_from_command_line(sys.argv)
    except ServerError as error:
        sys.exit(f"embedsite: {error}")


def prepare() -> None:
    """Any command may be the first: a database that was made just now gets its tables."""
    django.setup()
    # Commands do their work themselves; that no worker could be woken is no news here.
    logging.getLogger("collections_app.wake").setLevel(logging.ERROR)
    if sys.argv[1] == "migrate":
        return
    with connection.cursor() as cursor:  # two first commands at once: one migrates, one waits
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('embedsite: tables', 0))")
        if not connection.introspection.table_names(cursor):
            print("Preparing the database (once) ...", file=sys.stderr)
            call_command("migrate", interactive=False, verbosity=0)
        cursor.execute("SELECT pg_advisory_unlock(hashtextextended('embedsite: tables', 0))")


if __name__ == "__main__":
    main()
