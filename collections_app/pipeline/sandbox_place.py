"""Where a reader in a child process is at work, kept where its parent sees it when it is killed.

The two share a page of memory: the child writes the place as JSON before each part of the
source, the parent reads it once the child is gone. A child that was taken over can write what it
likes: what is no short object of numbers and words counts as nothing.
"""

import json
import mmap
import os
import tempfile
from collections.abc import Mapping

BYTES = 1024
_WORD_CHARS = 200
_MOST_WORDS = 4

_shared: mmap.mmap | None = None  # of the child that this process is


def create() -> int:
    """A descriptor of the memory that both share."""
    handle, path = tempfile.mkstemp(prefix="place-")
    os.unlink(path)
    os.ftruncate(handle, BYTES)
    return handle


def share(handle: int) -> None:
    """In the child, once: `note` writes there from now on."""
    global _shared
    _shared = mmap.mmap(handle, BYTES)


def note(where: Mapping[str, object]) -> None:
    """A reader begins with this part of its source. Nothing happens outside of a child."""
    if _shared is not None:
        told = json.dumps(where).encode()
        if len(told) < BYTES:
            _shared[: len(told) + 1] = told + b"\0"


def noted(handle: int) -> dict[str, object]:
    """What the child wrote last; empty for nothing that makes sense."""
    told = os.pread(handle, BYTES, 0).partition(b"\0")[0]
    try:
        where = json.loads(told)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(where, dict) or len(where) > _MOST_WORDS:
        return {}
    return {name[:_WORD_CHARS]: _value(value) for name, value in where.items()}


def clear(handle: int) -> None:
    """Before a request."""
    os.pwrite(handle, bytes(BYTES), 0)


def _value(value: object) -> object:
    if isinstance(value, int) and abs(value) < 1 << 53:
        return value
    return "".join(char for char in str(value) if char.isprintable())[:_WORD_CHARS]
