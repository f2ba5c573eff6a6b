"""A source file to its symbols: in this process, or in a child that bounds what it may take."""

from typing import Any

from .. import sandbox
from ..decode import decode
from ..extracted import Unreadable
from ..pieces import too_long
from . import python
from .languages import Language
from .symbols import Symbol

MOST_CHARS = 2_000_000  # of a file
MOST_SYMBOLS = 20_000
MOST_COPIED = 20  # times the file: what stands in one another is copied at each level


def symbols_of(
    data: bytes, language: Language, *, limits: sandbox.Limits | None = None
) -> list[Symbol]:
    """The symbols of a file that may be hostile, the `module` first; raises Unreadable."""
    answer = sandbox.call("symbols", data, limits=limits, key=language.key)
    return [Symbol.unpacked(values) for values in answer.values["symbols"]]


def packed(data: bytes, key: str) -> dict[str, Any]:
    """What the child process answers."""
    return {"symbols": [one.packed() for one in parse(data, key)]}


def parse(data: bytes, key: str) -> list[Symbol]:
    """The symbols of a file in the language `key`; raises Unreadable, or dies of the file."""
    if not data.strip():
        raise Unreadable("The file is empty. Choose one that has code in it.")
    if len(data) > 4 * MOST_CHARS:
        raise Unreadable(too_long(len(data), MOST_CHARS))
    text = python.decoded(data) if key == "python" else decode(data)[0]
    if len(text) > MOST_CHARS:
        raise Unreadable(too_long(len(text), MOST_CHARS))
    found = python.symbols(text) if key == "python" else _by_tree(text, key)
    if len(found) > MOST_SYMBOLS:
        raise Unreadable(f"It has more than {MOST_SYMBOLS:,} functions and classes. Split it.")
    if sum(len(one.source) for one in found) > MOST_COPIED * max(len(text), 10_000):
        raise Unreadable("Its functions stand too deep in one another. Untangle or split it.")
    return found


def _by_tree(text: str, key: str) -> list[Symbol]:
    # Late: who reads Python alone loads no grammar.
    from .trees import symbols

    return symbols(text, key)
