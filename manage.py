#!/usr/bin/env python
"""Django's command line; starts the embedded database for commands that need it."""

import os
import signal
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "embedsite.settings")

from django.conf import settings
from django.core.management import execute_from_command_line

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
            execute_from_command_line(sys.argv)
    except ServerError as error:
        sys.exit(f"embedsite: {error}")


if __name__ == "__main__":
    main()
