"""Putting marks and anchors, as sentinel characters, where the text they mean is shown."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

# The last private characters of Unicode; those that a text has itself are taken out first.
OPEN, CLOSE, ANCHOR = "\U0010fffb", "\U0010fffc", "\U0010fffd"
SENTINELS = re.compile(f"[{OPEN}{CLOSE}{ANCHOR}]")


class Leaf(Protocol):
    """Text that is shown without markup inside."""

    content: str


@dataclass(frozen=True)
class Run:
    """`leaf.content[at : at + length]` shows what stands at `start` to `end` in the source."""

    leaf: Leaf
    at: int
    length: int
    start: int
    end: int

    def shown(self, position: int) -> int:
        """The place in the leaf's content for a place in the source, clamped to this run.

        Where the two differ in length (an entity, an escape) there is none between the ends.
        """
        if position >= self.end:
            return self.at + self.length
        if position <= self.start or self.length != self.end - self.start:
            return self.at
        return self.at + position - self.start


@dataclass(frozen=True)
class _Insert:
    leaf: Leaf
    at: int
    rank: int  # at one place: first what closes, then anchors, then what opens
    sentinel: str


def place(runs: Sequence[Run], mark: tuple[int, int] | None, anchors: Sequence[int]) -> str:
    """Sentinels into the leaves of `runs` (in the order of the source).

    Every run that `mark` touches is enclosed by itself, so marks nest in whatever markup
    there is. Returns the sentinels that found no place because nothing is shown.
    """
    if not runs:
        return ANCHOR * len(anchors) + (OPEN + CLOSE if mark else "")
    ends = [run.end for run in runs]
    inserts = [_nearest(runs, ends, anchor, ANCHOR) for anchor in anchors]
    if mark:
        marks = list(_marks(runs, ends, *mark))
        inserts += marks or [_nearest(runs, ends, mark[0], OPEN + CLOSE)]
    _insert(inserts)
    return ""


def _nearest(runs: Sequence[Run], ends: list[int], position: int, sentinel: str) -> _Insert:
    """Where `position` is shown, else where the next text begins, else at the end."""
    run = runs[min(bisect_right(ends, position), len(runs) - 1)]
    return _Insert(run.leaf, run.shown(position), 1, sentinel)


def _marks(runs: Sequence[Run], ends: list[int], start: int, end: int) -> Iterator[_Insert]:
    for i in range(bisect_right(ends, start), len(runs)):
        run = runs[i]
        if run.start >= end:
            return
        first = run.shown(start)
        linear = run.length == run.end - run.start
        last = run.shown(end) if linear else run.at + run.length
        if first < last:
            yield _Insert(run.leaf, first, 2, OPEN)
            yield _Insert(run.leaf, last, 0, CLOSE)


def _insert(inserts: list[_Insert]) -> None:
    by_leaf: dict[int, list[_Insert]] = {}
    for one in inserts:
        by_leaf.setdefault(id(one.leaf), []).append(one)
    for group in by_leaf.values():
        leaf, pieces, done = group[0].leaf, [], 0
        for one in sorted(group, key=lambda one: (one.at, one.rank)):
            pieces += [leaf.content[done : one.at], one.sentinel]
            done = one.at
        leaf.content = "".join(pieces) + leaf.content[done:]
