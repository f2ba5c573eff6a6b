"""Where a passage may end: ranked places in a group of blocks."""

from bisect import bisect_left
from collections.abc import Callable
from functools import cached_property
from itertools import pairwise

from .blocks import Block, Kind
from .sentences import in_block

_CLAUSE_ENDS = frozenset("，、；：,;:،؛፣፤၊")


class Cuts:
    """Where a group may be cut, and how well: a higher rank is a better place."""

    def __init__(
        self, text: str, group: list[Block], room: int, tokens: Callable[[int, int], int]
    ) -> None:
        self._text = text
        self._group = group
        self._room = room
        self._tokens = tokens
        self._block_starts = [block.start for block in group]

    @cached_property
    def _sentences(self) -> list[int]:
        """Starts of sentences outside code and headings."""
        whole = (Kind.CODE, Kind.HEADING)
        prose = (block for block in self._group if block.kind not in whole)
        return [start for block in prose for start, _ in in_block(self._text, block)]

    @cached_property
    def _ranks(self) -> dict[int, int]:
        ranks = dict.fromkeys(self._sentences, 3)
        ranks.update((part, 3) for block in self._group for part in block.parts)
        ranks.update(dict.fromkeys(self._block_starts, 4))
        for block, following in pairwise(self._group):
            if block.kind is Kind.HEADING or self._leads_in(block, following):
                ranks[following.start] = 0  # it stays with what it heads
        return ranks

    def _leads_in(self, block: Block, following: Block) -> bool:
        """Whether the block announces the code, list or table that follows: `Run this:`."""
        announced = following.kind in (Kind.CODE, Kind.LIST, Kind.TABLE)
        last = self._text[block.end - 1]
        return announced and block.kind is Kind.PARAGRAPH and last in ":："

    def rank(self, position: int) -> int:
        if (known := self._ranks.get(position)) is not None:
            return known
        before = self._text[position - 1]
        if before == "\n":
            return 2
        return 1 if before.isspace() or before in _CLAUSE_ENDS else 0

    def kept_whole(self, position: int) -> int:
        """The start of the code block or table that `position` would cut, if it can be kept;
        that of the sentence which announces it, if both can."""
        at = bisect_left(self._block_starts, position) - 1
        block = self._group[max(at, 0)]
        if block.kind not in (Kind.CODE, Kind.TABLE) or position >= block.end:
            return 0
        if self._tokens(block.start, block.end) > self._room:
            return 0
        if at and self._leads_in(self._group[at - 1], block):
            announced = self._sentences[bisect_left(self._sentences, block.start) - 1]
            if self._tokens(announced, block.end) <= self._room:
                return announced
        return block.start

    def sentences_between(self, start: int, end: int) -> list[int]:
        """Starts of sentences after `start` and before `end`, none across code."""
        at = max(bisect_left(self._block_starts, end) - 1, 0)
        if self._group[at].kind not in (Kind.PARAGRAPH, Kind.LIST):
            return []
        start = max(start + 1, self._prose_start(at, start))
        return self._sentences[
            bisect_left(self._sentences, start) : bisect_left(self._sentences, end)
        ]

    def _prose_start(self, at: int, start: int) -> int:
        """Where the prose that block `at` belongs to begins, looking no further than `start`."""
        prose = (Kind.PARAGRAPH, Kind.LIST)
        while at > 0 and self._block_starts[at] > start and self._group[at - 1].kind in prose:
            at -= 1
        return self._block_starts[at]
