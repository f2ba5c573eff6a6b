"""What a source gives: items, each with a way to its content."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from collections_app.intake.ready import Ready
from collections_app.models import Blob, Source

Validators = dict[str, Any]  # how to ask whether it changed: {"etag"}, {"size", "mtime"}, {"sha"}


@dataclass(frozen=True)
class Content:
    """What stands at an item now: text, bytes, the path of a file, or a document that brings
    its vector along, one of the four."""

    text: str | None = None
    data: bytes | None = None
    path: Path | None = None
    ready: Ready | None = None
    media_type: str = ""
    title: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    validators: Validators = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """One thing that a source lists.

    `validators` are those that the listing tells; an item whose are the ones of the last run
    is not fetched. `fetch` is given the last run's, and returns None where nothing changed.
    It raises `Skipped` and `Failed` (below), or what the fetcher raises. `cursor` is what to
    hand to `items` to go on after this one, where the kind can. An item that is not `listed`
    has no id that could be trusted: nothing is removed after a run that met one.
    """

    external_id: str
    fetch: Callable[[Validators], Content | None]
    validators: Validators = field(default_factory=dict)
    cursor: Any = None
    listed: bool = True
    weight: int = 0  # bytes that it holds in memory already
    given_once: bool = False  # no listing that goes on after the cursor gives it again
    within: str = ""  # the id of the item that it was taken out of


class Skipped(Exception):  # noqa: N818 - a statement about the item
    """The item is left out on purpose; the message says why."""


class Failed(Exception):  # noqa: N818 - a statement about the item
    """The item could not be had; the message says why."""


class Unlisted(Exception):  # noqa: N818 - a statement about the source
    """The source could not be listed to its end; the message says why, `again` whether
    to try again in a while."""

    def __init__(self, message: str, again: bool = True) -> None:
        super().__init__(message)
        self.again = again


@dataclass
class Context:
    """A source at work: `options` are complete, `secrets` are decrypted.

    A kind that leaves out a part of its listing appends `(id, reason)` to `missing`: nothing
    is deleted after such a run. `cursor` is that of the last item that was committed.
    What its items need while they are fetched goes into `resources`.
    """

    source: Source
    options: dict[str, Any]
    secrets: dict[str, Any]
    blob: Blob | None = None
    cursor: Any = None
    missing: list[tuple[str, str]] = field(default_factory=list)
    resources: ExitStack = field(default_factory=ExitStack)


class Kind(Protocol):
    """A module of `kinds`."""

    def check(self, options: dict[str, Any], blob: Blob | None) -> None:
        """Raise Rejected for options that cannot work, after `options.clean`."""

    def items(self, context: Context) -> Iterator[Item]:
        """All there is, in an order that stays. Raises Unlisted."""
