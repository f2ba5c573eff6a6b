"""Which management commands need the embedded database."""

from collections.abc import Sequence

# These neither read nor write the database, or (runsite, stopsite) look after it themselves.
WITHOUT = frozenset(
    "help version check collectstatic compilemessages makemessages diffsettings findstatic "
    "runsite stopsite spectacular startapp startproject".split()
)
_ASKING = {"-h", "--help", "--version"}


def needs_database(arguments: Sequence[str]) -> bool:
    """Whether `manage.py <arguments>` is to find the database running."""
    if not arguments or _ASKING.intersection(arguments):
        return False
    name = arguments[0]
    if name == "check" and "--database" in arguments:
        return True
    return not name.startswith("-") and name not in WITHOUT
