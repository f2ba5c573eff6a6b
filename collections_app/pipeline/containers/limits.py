"""How much of a container is read at most, and what is said of more."""

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from lzma import LZMAError
from struct import error as StructError  # noqa: N812 - the name says what it is
from tarfile import TarError
from zipfile import BadZipFile

from ..extracted import Unreadable

CHUNK_BYTES = 64 * 1024
RATIO_FREE_BYTES = 1024 * 1024  # so little may be packed as tightly as it likes
DAMAGE = (
    BadZipFile,
    TarError,
    LZMAError,
    StructError,
    zlib.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,  # NotImplementedError and RecursionError are such
    ValueError,  # UnicodeDecodeError is one
)


class TooMuch(Unreadable):
    """A limit of the whole upload is reached: nothing more is read, at whatever depth."""


class Refused(Exception):  # noqa: N818 - a statement about one member
    """This member is left out; the message says why."""


@dataclass(frozen=True)
class Limits:
    """Limits of one upload, archives inside it included.

    `bytes` are unpacked ones; `seconds` of unpacking, without those that the caller takes.
    """

    entries: int = 50_000
    member_bytes: int = 50 * 1024 * 1024
    total_bytes: int = 4 * 1024 * 1024 * 1024
    ratio: int = 200  # unpacked bytes for each packed one
    depth: int = 3  # archives in one another
    seconds: float = 300.0


@dataclass(frozen=True)
class Found:
    """A member by the name it has in its container; `read` may be called once, at once.

    `read` gives its bytes and raises Refused or, for the whole container, Unreadable.
    """

    name: str
    read: Callable[[], bytes]


class Budget:
    """What is left of the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._entries = 0
        self._bytes = 0
        self._deadline = time.monotonic() + limits.seconds

    def expect(self, entries: int) -> None:
        """Raises TooMuch when so many more entries are over the limit."""
        if self._entries + entries > self.limits.entries:
            raise TooMuch(
                f"There are more than {self.limits.entries:,} files in it. Split the archive."
            )

    def entry(self) -> None:
        self.expect(1)
        self._entries += 1
        self.spend(0)

    def spend(self, count: int) -> None:
        """Note so many unpacked bytes; raises TooMuch for too many and when time is up."""
        self._bytes += count
        if self._bytes > self.limits.total_bytes:
            size = megabytes(self.limits.total_bytes)
            raise TooMuch(f"It unpacks to more than {size}. Split the archive.")
        if time.monotonic() > self._deadline:
            raise TooMuch(
                f"Unpacking it took more than {self.limits.seconds:.0f} seconds. Split the archive."
            )

    def wait(self, seconds: float) -> None:
        """Leave out time in which nothing was unpacked."""
        self._deadline += seconds

    def check_size(self, size: int) -> None:
        """Raises Refused for a member that says it is this large, when that is too large."""
        if size > self.limits.member_bytes:
            raise Refused(
                f"The file is too large: the limit is {megabytes(self.limits.member_bytes)}."
            )

    def copy(self, read: Callable[[int], bytes]) -> bytes:
        """All bytes that `read` gives; raises Refused when they are too many."""
        data = BytesIO()
        while chunk := read(CHUNK_BYTES):
            self.check_size(data.tell() + len(chunk))
            data.write(chunk)
        return data.getvalue()

    def counted(self, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
        """`read`, its bytes spent."""

        def spending(size: int) -> bytes:
            data = read(size)
            self.spend(len(data))
            return data

        return spending


def megabytes(count: int) -> str:
    return f"{count / 1024 / 1024:,.4g} MB"
