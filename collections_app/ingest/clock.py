"""The database's time in a worker, which a step of the machine's own clock does not move."""

import time
from datetime import datetime, timedelta

from django.db import connection


class Clock:
    """Asks the database once, and counts on by a clock that only goes forward."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            self._start: datetime = cursor.fetchone()[0]
        self._began = time.monotonic()

    def now(self) -> str:
        """The time in ISO format."""
        return (self._start + timedelta(seconds=time.monotonic() - self._began)).isoformat()
