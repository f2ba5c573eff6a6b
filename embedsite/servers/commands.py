"""Which management commands need the embedded database."""

from collections.abc import Sequence

# These neither read nor write the database, or (runsite, stopsite) look after it themselves.
WITHOUT = {"help", "version", "check", "spectacular", "runsite", "stopsite"}
WITHOUT |= {"collectstatic", "findstatic", "makemessages", "compilemessages"}
WITHOUT |= {"diffsettings", "startapp", "startproject"}
_ASKING = {"-h", "--help", "--version"}


def needs_database(arguments: Sequence[str]) -> bool:
    """Whether `manage.py <arguments>` is to find the database running."""
    if not arguments or _ASKING.intersection(arguments):
        return False
    name = arguments[0]
    if name == "check" and "--database" in arguments:
        return True
    return not name.startswith("-") and name not in WITHOUT
