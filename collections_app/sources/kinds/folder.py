"""A folder on the server: each file that the pattern finds, under its path within it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from collections_app.intake import media_type
from collections_app.models import Blob
from collections_app.sources import roots
from collections_app.sources.items import (
    Content,
    Context,
    Failed,
    Item,
    Skipped,
    Unlisted,
    Validators,
)
from collections_app.sources.matching import matches, pattern
from collections_app.sources.options import Option
from collections_app.storage import Rejected, too_large

OPTIONS = (Option("path", required=True), Option("glob", default="**/*"))
SECRETS: tuple[Option, ...] = ()
COMPLETE = True


def check(options: dict[str, str], blob: Blob | None) -> None:
    roots.allowed_folder(options["path"])
    pattern(options["glob"])


def items(context: Context) -> Iterator[Item]:
    """Files in order of their paths. Hidden ones and links are left alone."""
    try:
        root = roots.allowed_folder(context.options["path"])
    except Rejected as error:
        raise Unlisted(str(error), again=False) from error
    wanted = pattern(context.options["glob"])
    for name, found in _files(root, ""):
        if matches(wanted, name):
            yield _item(root, name, found)


def _files(root: Path, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    """Regular files below, each with what the listing saw of it. Raises Unlisted."""
    try:
        with os.scandir(root / prefix) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        if not prefix:
            raise Unlisted(_("The folder is gone.")) from None
        return
    except OSError as error:
        raise Unlisted(
            _("The folder %(name)s cannot be read: %(reason)s.")
            % {"name": prefix or root, "reason": error.strerror}
        ) from error
    for entry in found:
        name = f"{prefix}{entry.name}"
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(root, f"{name}/")
            elif entry.is_file(follow_symlinks=False):
                yield name, entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # deleted since


def _item(root: Path, name: str, found: os.stat_result) -> Item:
    def fetch(known: Validators) -> Content:
        return _content(root, name)

    return Item(name.encode(errors="replace").decode(), fetch, _validators(found))


def _validators(found: os.stat_result) -> Validators:
    return {"size": found.st_size, "mtime": found.st_mtime_ns}


def _content(root: Path, name: str) -> Content:
    """The file's bytes, and the validators of exactly these bytes."""
    try:
        with os.fdopen(roots.open_within(root, name), "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise Skipped(_("This is not a regular file."))
            if before.st_size > settings.MAX_UPLOAD_BYTES:
                raise Failed(too_large(settings.MAX_UPLOAD_BYTES))
            data = file.read(settings.MAX_UPLOAD_BYTES + 1)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise Failed(
            _("The file cannot be read: %(reason)s.") % {"reason": error.strerror}
        ) from error
    if _validators(before) != _validators(after) or len(data) != after.st_size:
        raise Failed(_("The file was changed while it was read. The next run takes it."))
    return Content(data=data, media_type=media_type(name), validators=_validators(after))
