"""What goes wrong with the embedded servers."""


class ServerError(Exception):
    """An embedded server cannot run; the message says why and what to do."""
