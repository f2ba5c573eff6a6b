"""What is in archives and mailboxes: ZIP, tar (also by gzip, bzip2, xz), mbox, in one another,
and the files attached to messages of e-mail.

The content decides what a container is, not its name. Office files, OpenDocument and EPUB
are ZIP archives too, but documents: they come as members. Nothing is ever written to disk.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO, Literal

from .. import attachments
from ..extracted import Unreadable
from . import mailboxes, tars, zips
from .limits import Budget, Found, Limits, Refused, TooMuch
from .names import is_junk, safe_path

__all__ = [
    "Kind",
    "Limits",
    "Member",
    "Skipped",
    "TooMuch",
    "Unreadable",
    "holds_files",
    "kind_of",
    "members",
    "members_of",
]

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


def holds_files(file: IO[bytes], name: str) -> bool:
    """Whether `members` has something to take out: of a container, or of a message of e-mail
    with attachments, which the name may help to know."""
    if kind_of(file) is not None:
        return True
    file.seek(0)
    return attachments.has_any(file.read(), name)


def members(
    path: Path, name: str, limits: Limits, message: str = "message.eml"
) -> Iterator[Member | Skipped]:
    """`members_of` the file that stands there."""
    with path.open("rb") as file:
        yield from members_of(file, name, limits, message)


def members_of(
    file: IO[bytes], name: str, limits: Limits, message: str = "message.eml"
) -> Iterator[Member | Skipped]:
    """The files in the container, one at a time, those of containers inside it in their place.

    Their names begin with `name/` ("mail.zip/2024/in.mbox/0001 Hello.eml"), or with nothing
    where `name` is empty. What is attached to a message follows it, under its name
    ("0001 Hello.eml/report.pdf"). A file that is one message itself is called `message`.
    Raises Unreadable, also after some members, when the rest cannot be read (damaged, cut
    off), and TooMuch, which is one, when a limit is reached.

    Memory: `depth + 2` times `member_bytes` at most (the member, the containers it is in,
    and the one that the caller still has), and 150 MB more: the directory of a ZIP archive
    of so many entries, or the dictionary of xz.
    """
    budget = Budget(limits)
    kind = kind_of(file)
    walk = _Walk(budget)
    if kind is not None:
        found = walk.within(file, kind, name, 1)
    elif holds_files(file, message):
        found = walk.message(file, message)
    else:
        raise Unreadable("It is neither an archive nor a mailbox that can be read.")
    for one in found:
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
        yield from self._each(_READERS[kind](file, self._budget), prefix, depth)

    def message(self, file: IO[bytes], name: str) -> Iterator[Member | Skipped]:
        """One that is the file itself."""
        file.seek(0)
        yield from self._content(Found(name, lambda: self._budget.copy(file.read)), name, 1)

    def _each(
        self, members: Iterable[Found], prefix: str, depth: int
    ) -> Iterator[Member | Skipped]:
        for found in members:
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
            if attachments.has_any(file.getvalue(), name):
                yield from self._attached(file.getvalue(), name, depth)
        elif depth == self._budget.limits.depth:
            yield Skipped(name, f"Archives in archives are read {depth} deep. Unpack this one.")
        else:
            yield from self._nested(file, kind, name, depth)

    def _attached(self, data: bytes, name: str, depth: int) -> Iterator[Member | Skipped]:
        """What is attached to the message."""
        try:
            found = attachments.of(data)
        except Unreadable as error:
            yield Skipped(f"{name}/…", str(error))
            return
        self._budget.spend(sum(len(content) for _name, content in found))
        if depth == self._budget.limits.depth:
            reason = f"Attachments are read {depth} deep in one another. Save this one."
            yield from (Skipped(f"{name}/{safe_path(one)}", reason) for one, _data in found)
            return
        members = (Found(one, partial(_checked, content, self._budget)) for one, content in found)
        yield from self._each(members, name, depth + 1)

    def _nested(
        self, file: IO[bytes], kind: Kind, name: str, depth: int
    ) -> Iterator[Member | Skipped]:
        try:
            yield from self.within(file, kind, name, depth + 1)
        except TooMuch:
            raise
        except Unreadable as error:
            yield Skipped(name, str(error))


def _checked(content: bytes, budget: Budget) -> bytes:
    budget.check_size(len(content))
    return content
