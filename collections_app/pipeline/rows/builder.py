"""Rows out of a JSON parser's events, each of bounded size."""

from typing import Any

from .cells import TOO_DEEP, TOO_LONG, too_many
from .model import MAX_COLUMNS, MAX_LEVELS, MAX_ROW_CHARS

_STARTS = {"start_map", "start_array"}
_ENDS = {"end_map", "end_array"}


class Builder:
    """Takes one event after another; when a row is complete `done` is set and `collect` has it.

    Rows are the elements of the outer array, or of the array under `key` of the outer object,
    or the outer object itself. A row that grows too large is dropped while it is read.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._outer: str | None = None  # the event the file begins with
        self._level = 0  # of containers around the next value
        self._found = False  # whether we are in the array under `key`
        self._name = ""  # the outer object's current key
        self._stack: list[Any] = []
        self._names: list[str] = []
        self._size = 0
        self._problem = ""
        self._value: Any = None
        self.done = False

    def collect(self) -> tuple[Any, str]:
        """The row, and what is wrong with it; the next one begins."""
        value, problem = self._value, self._problem
        self._value, self._problem, self._size, self.done = None, "", 0, False
        self._stack, self._names = [], []
        return value, problem

    def take(self, event: str, value: Any) -> None:
        if self._outer is None:
            self._outer = event
            if event == "start_array" or self._key:
                self._level = 1
                return
        base = self._base()
        if base is None or (self._level == base and event == "end_array"):
            self._outside(event, value)
            return
        self._size += 1 + (len(value) if isinstance(value, str) else 8)
        if self._size > MAX_ROW_CHARS:
            self._fail(TOO_LONG)
        self._inside(event, value, self._level - base)
        if self._level == base and event != "map_key":
            self.done = True

    def _base(self) -> int | None:
        """The level of the rows; None while not among them."""
        if self._outer == "start_array":
            return 1
        if self._key:
            return 2 if self._found else None
        return 0

    def _outside(self, event: str, value: Any) -> None:
        if event == "map_key" and self._level == 1:
            self._name = value
        elif event in _STARTS:
            self._level += 1
            self._found = event == "start_array" and self._level == 2 and self._name == self._key
        elif event in _ENDS:
            self._level -= 1
            self._found = False

    def _inside(self, event: str, value: Any, depth: int) -> None:
        if event in _STARTS:
            self._level += 1
            if depth > MAX_LEVELS:
                self._fail(TOO_DEEP)
            if not self._problem:
                made: Any = {} if event == "start_map" else []
                self._put(made)
                self._stack.append(made)
                self._names.append("")
        elif event in _ENDS:
            self._level -= 1
            if not self._problem:
                self._stack.pop()
                self._names.pop()
        elif not self._problem:
            if event == "map_key":
                self._names[-1] = value
            else:
                self._put(value)

    def _put(self, value: Any) -> None:
        if not self._stack:
            self._value = value
        elif isinstance(self._stack[-1], list):
            self._stack[-1].append(value)
        else:
            self._stack[-1][self._names[-1]] = value
            if len(self._stack) == 1 and len(self._value) > MAX_COLUMNS:
                self._fail(too_many(len(self._value)))

    def _fail(self, problem: str) -> None:
        """Drop the row; the first problem is the one that is told."""
        self._problem = self._problem or problem
        self._value, self._stack, self._names = None, [], []
