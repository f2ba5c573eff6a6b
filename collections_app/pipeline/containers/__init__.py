"""What is in archives and mailboxes: ZIP, tar (also by gzip, bzip2, xz), mbox, in one another.

The content decides what a container is, not its name. Office files, OpenDocument and EPUB
are ZIP archives too, but documents: they come as members. Nothing is ever written to disk.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Literal

from ..extracted import Unreadable
from . import mailboxes, tars, zips
from .limits import Budget, Found, Limits, Refused, TooMuch
from .names import is_junk, safe_path

__all__ = ["Kind", "Limits", "Member", "Skipped", "TooMuch", "Unreadable", "kind_of", "members"]

Kind = Literal["zip", "tar", "mbox"]
_MOST_ENTRIES = Limits().entries
_READERS: dict[Kind, Callable[[IO[bytes], Budget], Iterator[Found]]] = {
    "zip": zips.entries,
    "tar": tars.entries,
    "mbox": mailboxes.entries,
}


@dataclass(frozen=True)
class Member:
    """A file out of a container. `name` is its path, for showing; no file is found by it."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Skipped:
    """A member that is left out, and why."""

    name: str
    reason: str


def kind_of(file: IO[bytes]) -> Kind | None:
    """What kind of container the (seekable) file is; None for a document and for all else."""
    file.seek(0)
    start = file.read(6)
    if start.startswith(zips.STARTS):
        return None if zips.is_document(file, _MOST_ENTRIES) else "zip"
    if mailboxes.starts(file):
        return "mbox"
    return "tar" if tars.starts(file) else None


def members(path: Path, name: str, limits: Limits) -> Iterator[Member | Skipped]:
    """The files in the container, one at a time, those of containers inside it in their place.

    Their names begin with `name/` ("mail.zip/2024/in.mbox/0001 Hello.eml"), or with nothing
    where `name` is empty. Raises Unreadable, also after some members, when the rest cannot
    be read (damaged, cut off), and TooMuch, which is one, when a limit is reached.

    Memory: `depth + 2` times `member_bytes` at most (the member, the containers it is in,
    and the one that the caller still has), and 150 MB more: the directory of a ZIP archive
    of so many entries, or the dictionary of xz.
    """
    budget = Budget(limits)
    with path.open("rb") as file:
        kind = kind_of(file)
        if kind is None:
            raise Unreadable("It is neither an archive nor a mailbox that can be read.")
        for one in _Walk(budget).within(file, kind, name, 1):
            before = time.monotonic()
            yield one
            budget.wait(time.monotonic() - before)


class _Walk:
    """One pass over a container and those inside it."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._seen: set[str] = set()

    def within(
        self, file: IO[bytes], kind: Kind, prefix: str, depth: int
    ) -> Iterator[Member | Skipped]:
        for found in _READERS[kind](file, self._budget):
            self._budget.entry()
            path = safe_path(found.name)
            name = f"{prefix}/{path}" if prefix else path
            if not path:
                yield Skipped(prefix, "A file without a usable name. Rename it.")
            elif name in self._seen:
                yield Skipped(name, "Another file in the archive has the same name.")
            elif not is_junk(path):
                self._seen.add(name)
                yield from self._content(found, name, depth)

    def _content(self, found: Found, name: str, depth: int) -> Iterator[Member | Skipped]:
        try:
            file = BytesIO(found.read())
        except Refused as error:
            yield Skipped(name, str(error))
            return
        kind = kind_of(file)
        if kind is None:
            yield Member(name, file.getvalue())
        elif depth == self._budget.limits.depth:
            yield Skipped(name, f"Archives in archives are read {depth} deep. Unpack this one.")
        else:
            yield from self._nested(file, kind, name, depth)

    def _nested(
        self, file: IO[bytes], kind: Kind, name: str, depth: int
    ) -> Iterator[Member | Skipped]:
        try:
            yield from self.within(file, kind, name, depth + 1)
        except TooMuch:
            raise
        except Unreadable as error:
            yield Skipped(name, str(error))
