"""Folders on the server that sources may read: SOURCE_ROOTS, and nothing outside of them."""

import os
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from collections_app.storage import Rejected


def allowed(path: str) -> Path:
    """The path with its links followed. Raises Rejected where it leaves every root."""
    roots = [Path(root).resolve() for root in settings.SOURCE_ROOTS]
    if not roots:
        raise Rejected(
            _(
                "No folder on the server may be read. An administrator names those that may in "
                "the setting SOURCE_ROOTS."
            )
        )
    if not path.startswith("/") or "\x00" in path:
        raise Rejected(_("Give the whole path, beginning with /."))
    real = Path(path).resolve()
    if not any(real.is_relative_to(root) for root in roots):
        raise Rejected(
            _("%(path)s is outside the folders that may be read. These may be: %(roots)s.")
            % {"path": path, "roots": ", ".join(map(str, roots))}
        )
    return real


def allowed_folder(path: str) -> Path:
    real = allowed(path)
    if not real.is_dir():
        raise Rejected(_("%(path)s is not a folder on the server.") % {"path": path})
    return real


def allowed_file(path: str) -> Path:
    real = allowed(path)
    if not real.is_file():
        raise Rejected(_("%(path)s is not a file on the server.") % {"path": path})
    return real


def open_within(root: Path, name: str) -> int:
    """A descriptor of the regular file `root/name`, no part of `name` being a link.

    Opened part by part, so that nobody puts a link there between the look and the opening.
    Raises OSError.
    """
    *folders, last = Path(name).parts
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        # O_NONBLOCK: a pipe would wait for one who writes.
        return os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
    finally:
        os.close(handle)
