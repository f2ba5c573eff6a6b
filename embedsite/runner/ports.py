"""A free port for the web server."""

import socket

FIRST = 8000


def free(first: int = FIRST, tries: int = 100) -> int | None:
    """The first port from `first` on that nobody listens to on the loopback, if any."""
    for port in range(first, min(first + tries, 65_536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return None
