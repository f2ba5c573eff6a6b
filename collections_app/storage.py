"""Files under MEDIA_ROOT/blobs, named by the SHA-256 of their bytes.

A name given by a user never reaches the file system. Every write is a temporary file that
is flushed to disk and then renamed, so a file under its final name is always whole. Under
MEDIA_ROOT/copies stand copies of those that are pictures, to be served in their place.
"""

import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from collections_app.batches import batched
from collections_app.models import Blob

CHUNK_BYTES = 1024 * 1024
COPIES = ("served", "thumbnail")  # of a picture, as WebP
GRACE = timedelta(hours=1)  # how long a file may wait for the document that brings it
SWEEP_ROWS = 1000


class Rejected(Exception):  # noqa: N818 - a statement about the input
    """Input that cannot be taken; the message says why, for the user to read."""


class Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


def path_of(sha256: str) -> Path:
    """Where the bytes with this digest are kept."""
    return Path(settings.MEDIA_ROOT) / "blobs" / sha256[:2] / sha256


def copy_path_of(sha256: str, name: str) -> Path:
    """Where the copy of this name (one of COPIES) is kept, of the file with this digest."""
    return Path(settings.MEDIA_ROOT) / "copies" / sha256[:2] / f"{sha256}.{name}"


def has_copies(sha256: str) -> bool:
    return all(copy_path_of(sha256, name).is_file() for name in COPIES)


def keep_copy(sha256: str, name: str, data: bytes) -> None:
    """Write a copy, or write it anew: it can be made again, so it need not outlast a power cut."""
    path, temporary = copy_path_of(sha256, name), _temporary_file()
    try:
        temporary.write_bytes(data)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(blob: Blob) -> bytes:
    """All bytes of a stored file."""
    return path_of(blob.sha256).read_bytes()


def store(stream: Readable, max_bytes: int) -> Blob:
    """Keep the stream's bytes and return their row; equal bytes share one.

    Raises Rejected for an empty stream and for one of more than `max_bytes` bytes.
    """
    temporary = None
    try:
        temporary = _temporary_file()
        sha256, size = _copy(stream, temporary, max_bytes)
        return _adopt(temporary, sha256, size)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Rejected(no_room()) from error
        raise
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def _temporary_file() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder)
    os.close(handle)
    return Path(name)


def _copy(stream: Readable, target: Path, max_bytes: int) -> tuple[str, int]:
    """Write the stream to `target`, down to the disk; the digest and the size in bytes."""
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > max_bytes:
                raise Rejected(too_large(max_bytes))
            digest.update(chunk)
            file.write(chunk)
        if not size:
            raise Rejected(_("The file is empty: it has 0 bytes."))
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def no_room() -> str:
    """The message for a disk that is full."""
    return _(
        "The server's disk is full, so the file was not kept. "
        "Ask its administrator to make room, then add it again."
    )


def too_large(max_bytes: int) -> str:
    """The message for a file over the limit."""
    limit = f"{max_bytes / 1024 / 1024:.3g} MB"
    return _("The file is too large: the limit is %(limit)s (MAX_UPLOAD_BYTES).") % {"limit": limit}


@transaction.atomic
def _adopt(temporary: Path, sha256: str, size: int) -> Blob:
    """Give the file its final name. The row's lock keeps `remove_unused` away meanwhile."""
    blob, _created = Blob.objects.update_or_create(
        sha256=sha256, defaults={"size": size, "created": Now()}
    )
    path = path_of(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.replace(path)
    _flush_folder(path.parent)
    return blob


def _flush_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_unused(sha256s: Iterable[str]) -> int:
    """Remove those of these files that no document or source uses; how many went."""
    with transaction.atomic():
        # The lock comes first and the look second: an upload that waits for the lock
        # inserts a new row and writes the file again, one that held it has its document.
        rows = Blob.objects.filter(sha256__in=list(sha256s)).order_by("sha256")
        locked = list(rows.select_for_update(skip_locked=True).values_list("sha256", flat=True))
        unused = Blob.objects.filter(sha256__in=locked, document=None, source=None)
        gone = list(unused.values_list("sha256", flat=True))
        Blob.objects.filter(sha256__in=gone).delete()
        for sha256 in gone:
            _remove_files(sha256)
    return len(gone)


def _remove_files(sha256: str) -> None:
    for path in (path_of(sha256), *(copy_path_of(sha256, name) for name in COPIES)):
        path.unlink(missing_ok=True)


def sweep_rows() -> int:
    """Remove stored files that have had no document or source for an hour; how many went."""
    old = Blob.objects.filter(document=None, source=None, created__lt=Now() - GRACE)
    return remove_unused(old.values_list("sha256", flat=True)[:SWEEP_ROWS])


def sweep_files() -> int:
    """Remove files that have no row and temporary files left behind, an hour old or more."""
    removed = 0
    for path in _old_files("tmp"):
        path.unlink(missing_ok=True)
    for paths in batched(chain(_old_files("blobs"), _old_files("copies")), SWEEP_ROWS):
        known = set(Blob.objects.in_bulk({path.stem for path in paths}))
        for path in paths:
            if path.stem not in known:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _old_files(name: str) -> Iterator[Path]:
    before = time.time() - GRACE.total_seconds()
    for path in (Path(settings.MEDIA_ROOT) / name).rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < before:
                yield path
