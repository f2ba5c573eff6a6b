"""Django's backend of PostgreSQL; a kept connection is checked without asking the server."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """`CONN_HEALTH_CHECKS` look at the connection at the beginning of every request: a round
    trip each, where Django's own backend does it."""

    def is_usable(self) -> bool:
        """A server that has gone has closed its end, which makes the socket readable."""
        if self.connection is None or self.connection.closed:
            return False
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0) or bool(super().is_usable())
