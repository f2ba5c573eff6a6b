"""Ids and media types from the names of files."""

from pathlib import PurePosixPath

from collections_app.intake.incoming import CONTROL

MEDIA_TYPES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".mdown": "text/markdown",
    ".mkd": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
}


def safe_id(name: str) -> str:
    """A file's name as a relative id: no root, no drive, no step upwards, no control characters.

    It is display text only: no file is ever found by it.
    """
    parts = CONTROL.sub("", name).replace("\\", "/").split("/")
    kept = [part.strip() for part in parts if part.strip() not in ("", ".", "..")]
    if len(kept) > 1 and len(kept[0]) == 2 and kept[0].endswith(":"):
        kept = kept[1:]
    return "/".join(kept)


def media_type(name: str) -> str:
    """By the name's ending; the content has the last word when it is read."""
    return MEDIA_TYPES.get(PurePosixPath(name.lower()).suffix, "text/plain")
