"""Tar archives, plain or packed by gzip, bzip2 or xz, read once from front to end."""

import tarfile
from collections.abc import Iterator
from functools import partial
from typing import IO, cast

from ..extracted import Unreadable
from .limits import DAMAGE, Budget, Found, Refused
from .streams import Forward, unpacked

_ENCODING, _ERRORS = "utf-8", "surrogateescape"


def starts(file: IO[bytes]) -> bool:
    """Whether the file, unpacked, begins with the header of a member."""
    try:
        block = unpacked(file).read(tarfile.BLOCKSIZE)
        tarfile.TarInfo.frombuf(block, _ENCODING, _ERRORS)
    except DAMAGE:
        return False
    return True


def entries(file: IO[bytes], budget: Budget) -> Iterator[Found]:
    """Its files in order; raises Unreadable where the archive ends too early."""
    stream = Forward(file, budget)
    try:
        archive = tarfile.TarFile(
            fileobj=cast(IO[bytes], stream), encoding=_ENCODING, errors=_ERRORS
        )
        while info := archive.next():
            archive.members = []  # type: ignore[attr-defined]  # it would keep them all
            if info.isdir():
                budget.entry()
            else:
                yield Found(info.name, partial(_read, stream, info, budget))
            stream.seek(archive.offset)  # where the next begins
    except DAMAGE as error:
        raise Unreadable(f"The tar archive is damaged ({error}). Pack it again.") from error
    if len(stream.last) != tarfile.BLOCKSIZE or any(stream.last):
        raise Unreadable("The tar archive ends early or is damaged: files after it are missing.")


def _read(stream: Forward, info: tarfile.TarInfo, budget: Budget) -> bytes:
    if info.issym() or info.islnk():
        raise Refused("It is a link to another file, not a file.")
    if not info.isreg() or info.issparse():
        raise Refused("It is a device or a special file, not an ordinary one.")
    budget.check_size(info.size)
    end = info.offset_data + info.size
    data = budget.copy(lambda size: stream.piece(min(size, end - stream.tell())))
    if len(data) != info.size:
        raise Unreadable("The tar archive ends in the middle of a file. Pack it again.")
    return data
