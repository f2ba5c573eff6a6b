"""ZIP archives, by their directory. One that is a document is told apart by `is_document`."""

import stat
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import IO

from ..extracted import Unreadable
from .limits import DAMAGE, RATIO_FREE_BYTES, Budget, Found, Refused

STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_ENTRY_BYTES = 256  # of the directory, on average, at most
_LOCAL_HEADER_BYTES = 30
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
_ENCRYPTED, _UTF8 = 0x1, 0x800
_DOCUMENT_TYPES = (b"application/epub+zip", b"application/vnd.oasis.opendocument")


class _Guarded:
    """The file, but no more than `most` bytes of it at once.

    zipfile reads the directory in one piece, as long as the archive says it is.
    """

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most
        self.seek, self.tell = file.seek, file.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._most + 1 if size < 0 else min(size, self._most + 1))
        if len(data) > self._most:
            raise Unreadable("The list of files in the ZIP archive is too long. Split the archive.")
        return data


def entries(file: IO[bytes], budget: Budget) -> Iterator[Found]:
    """Its files in the order of the directory; raises Unreadable for what is no archive."""
    archive = opened(file, budget.limits.entries)
    infos = archive.infolist()
    budget.expect(len(infos))
    overlapping = _overlapping(infos, archive.start_dir)
    for info in infos:
        if not _is_folder(info):
            overlaps = info.header_offset in overlapping
            yield Found(_name(info), partial(_read, archive, info, overlaps, budget))
        else:
            budget.entry()


def is_document(file: IO[bytes], most_entries: int) -> bool:
    """Whether the archive is one document: Office, OpenDocument or EPUB."""
    try:
        archive = opened(file, most_entries)
        infos = archive.infolist()
        if any(info.filename == "[Content_Types].xml" for info in infos):
            return True
        first = min(infos, key=lambda info: info.header_offset, default=None)
        if first is None or first.filename != "mimetype" or first.flag_bits & _ENCRYPTED:
            return False
        with archive.open(first) as stream:
            return stream.read(100).startswith(_DOCUMENT_TYPES)
    except (Unreadable, *DAMAGE):
        return False


def opened(file: IO[bytes], most_entries: int) -> zipfile.ZipFile:
    """The archive; its directory, which zipfile holds in memory whole, is read to a bound.

    Raises Unreadable.
    """
    guarded = _Guarded(file, most_entries * _ENTRY_BYTES + 128 * 1024)
    try:
        return zipfile.ZipFile(guarded)
    except DAMAGE as error:
        raise Unreadable(
            f"The ZIP archive is damaged or not all of it came ({error}). Pack it again."
        ) from error


def _overlapping(infos: list[zipfile.ZipInfo], directory: int) -> set[int]:
    """Where entries begin whose bytes other entries use as well: how ZIP bombs are made."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    starts = [*(info.header_offset for info in ordered[1:]), directory]
    return {
        info.header_offset
        for info, after in zip(ordered, starts, strict=True)
        if info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size > after
    }


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() or (not info.file_size and info.orig_filename.endswith("\\"))


def _name(info: zipfile.ZipInfo) -> str:
    """As it was meant: many programs write UTF-8 and do not say so."""
    name = info.orig_filename
    if info.flag_bits & _UTF8:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, overlaps: bool, budget: Budget) -> bytes:
    _check(info, overlaps, budget)
    try:
        with archive.open(info) as stream:
            return budget.copy(budget.counted(stream.read))
    except DAMAGE as error:
        raise Refused(f"It is damaged in the archive ({error}). Pack it again.") from error


def _check(info: zipfile.ZipInfo, overlaps: bool, budget: Budget) -> None:
    """Raises Refused for an entry that is not even opened."""
    if info.flag_bits & _ENCRYPTED:
        raise Refused("It is protected by a password. Unpack the archive and add the file itself.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refused("It is a symbolic link, not a file.")
    if info.compress_type not in _METHODS:
        raise Refused("It is packed by a rare method. Pack it again by Deflate.")
    if overlaps:
        raise Refused("It overlaps other files in the archive, as in a ZIP bomb.")
    budget.check_size(info.file_size)
    packed = max(info.compress_size, 1)
    if info.file_size > RATIO_FREE_BYTES and info.file_size > packed * budget.limits.ratio:
        raise Refused(
            f"It unpacks to more than {budget.limits.ratio} times its size, as in a ZIP bomb."
        )
