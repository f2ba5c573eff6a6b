"""Bytes unpacked from gzip, bzip2 or xz, or as they stand, read forwards under a budget."""

import bz2
import gzip
import io
import lzma
from typing import IO, cast

from ..extracted import Unreadable
from .limits import CHUNK_BYTES, DAMAGE, RATIO_FREE_BYTES, Budget

GZIP, BZIP2, XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
_XZ_MEMORY = 80 * 1024 * 1024  # xz -9 wants 65 MB; a file may ask for 4 GB
# Only headers are read in longer pieces, and Python's expressions on these take time that
# grows with the square of the length.
_HEADER_BYTES = 32 * 1024


class _Xz(io.RawIOBase):
    """What lzma.LZMAFile does, with the bound of memory that it lacks."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._packed = b""
        self._unpack = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # as io calls it
        data = b""
        while not data:
            if self._unpack.eof and not self._begin_next():
                return 0
            data = self._unpack.decompress(self._wanted(), len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _wanted(self) -> bytes:
        if not self._unpack.needs_input:
            return b""
        packed = self._packed or self._file.read(CHUNK_BYTES)
        self._packed = b""
        if not packed:
            raise EOFError("the compressed data ends early")
        return packed

    def _begin_next(self) -> bool:
        """Go on with the next of several streams, after the zeros between them."""
        rest = self._unpack.unused_data or self._file.read(CHUNK_BYTES)
        while rest and not rest.strip(b"\0"):
            rest = self._file.read(CHUNK_BYTES)
        self._packed = rest.lstrip(b"\0")
        self._unpack = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        return bool(rest)


def unpacked(file: IO[bytes]) -> IO[bytes]:
    """The file unpacked, whichever of the three it is; else the file itself."""
    file.seek(0)
    start = file.read(6)
    file.seek(0)
    if start.startswith(GZIP):
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    if start.startswith(BZIP2):
        return bz2.BZ2File(file)
    if start.startswith(XZ):
        return cast(IO[bytes], io.BufferedReader(_Xz(file)))
    return file


class Forward:
    """A stream for tarfile that only goes forwards and counts what it gives.

    Unreadable is raised for damage and for steps back, TooMuch by the budget.
    """

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self._packed = file
        self._stream = unpacked(file)
        self._budget = budget
        self._at = 0
        self.last = b""  # the piece that was read last

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        """As tarfile reads headers."""
        if not 0 <= size <= _HEADER_BYTES:
            raise Unreadable("A header in the tar archive is too long. Pack it again.")
        self.last = self.piece(size)
        return self.last

    def piece(self, size: int) -> bytes:
        """The next bytes, fewer than `size` only at the end."""
        try:
            data = self._stream.read(size)
        except DAMAGE as error:
            raise Unreadable(
                f"The archive is damaged or not all of it came ({error}). Pack it again."
            ) from error
        self._at += len(data)
        self._budget.spend(len(data))
        if self._stream is not self._packed:
            self._check_ratio()
        return data

    def seek(self, position: int) -> None:
        """On to there."""
        if position < self._at:
            raise Unreadable("The tar archive leads back into itself. Pack it again.")
        while self._at < position:
            if not self.piece(min(CHUNK_BYTES, position - self._at)):
                raise Unreadable("The tar archive ends in the middle of a file. Pack it again.")

    def _check_ratio(self) -> None:
        allowed = RATIO_FREE_BYTES + self._packed.tell() * self._budget.limits.ratio
        if self._at > allowed:
            raise Unreadable(
                f"It unpacks to more than {self._budget.limits.ratio} times its size,"
                " as in an archive bomb."
            )
