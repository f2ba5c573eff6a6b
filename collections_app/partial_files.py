"""Files that come in pieces, under MEDIA_ROOT/uploads until they are whole.

A file is named by its upload's random id; the row says how many of its bytes count.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db.models.functions import Now

from collections_app.models import Upload
from collections_app.storage import CHUNK_BYTES, Readable

PIECE_BYTES = 64 * 1024  # read at a time: a slow sender still shows that it is there
GRACE_SECONDS = 3600  # a file may be there before its row is


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "uploads"


def path_of(upload: Upload) -> Path:
    return folder() / str(upload.pk)


def create(upload: Upload) -> None:
    """An empty file for the upload."""
    folder().mkdir(parents=True, exist_ok=True)
    path_of(upload).touch()


def remove(upload: Upload) -> None:
    path_of(upload).unlink(missing_ok=True)


def append(upload: Upload, offset: int, stream: Readable) -> Iterator[bytes]:
    """Write what the stream gives from `offset` on, at most to the file's size.

    Yields each piece before it is written. What is written is on disk at the end, also where
    the one who takes the pieces stops, or the stream breaks off with an OSError.
    """
    with path_of(upload).open("r+b") as file:
        file.seek(offset)
        file.truncate()
        left = upload.size - offset
        try:
            while left and (piece := stream.read(min(PIECE_BYTES, left))):
                yield piece
                file.write(piece)
                left -= len(piece)
        finally:
            file.flush()
            os.fsync(file.fileno())


def digest(upload: Upload) -> str:
    """SHA-256 of the file, in hex."""
    found = hashlib.sha256()
    with path_of(upload).open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def sweep() -> int:
    """Remove uploads that have expired, and files without a row; how many uploads went."""
    expired = Upload.objects.filter(expires__lt=Now())
    gone = list(expired)
    for upload in gone:
        remove(upload)
    Upload.objects.filter(pk__in=[upload.pk for upload in gone]).delete()
    _remove_strays()
    return len(gone)


def _remove_strays() -> None:
    """Files whose rows went with their owner or collection."""
    before = time.time() - GRACE_SECONDS
    old = {}
    for path in folder().glob("*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                old[path.name] = path
    known = {str(pk) for pk in Upload.objects.values_list("pk", flat=True)} if old else set()
    for name in set(old) - known:
        old[name].unlink(missing_ok=True)
