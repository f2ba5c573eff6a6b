"""A text into passages that fit the model, along the structure of the text.

A passage never spans more than the model reads, counted with the model's own tokenizer,
special tokens and heading path included. The text is tokenised once; cutting works on
token positions, so time grows with the length of the text.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from .blocks import Block, Kind, blocks
from .cuts import Cuts
from .tokenizer import Tokenizer

MIN_LIMIT = 16
MAX_HEADING = 1000  # characters: the width of the passages' column
MOST_OVERLAP = 4  # times in the limit
_LONG = 40  # characters; longer tokens and gaps are divided so that they can be cut
_ATOM = 8  # characters; the parts they are divided into


@dataclass(frozen=True)
class Span:
    """`text[start:end]` in characters; `token_count` is that of what is embedded."""

    start: int
    end: int
    heading: str
    token_count: int


def embedded_text(heading: str, passage: str) -> str:
    """What the model reads: the heading path gives the passage its place."""
    return f"{heading}\n{passage}" if heading else passage


def split(
    text: str,
    media_type: str,
    tokenizer: Tokenizer,
    limit: int,
    overlap: int | None = None,
    *,
    title: str = "",
) -> list[Span]:
    """The passages of `text` in order; together they cover every character not blank.

    `limit` is in tokens (at least 16). `overlap`, an eighth of it by default, is how much
    of the end of a piece, in whole sentences, the next piece of the same long section
    begins with. `title` heads the heading path.
    """
    if limit < MIN_LIMIT:
        raise ValueError(f"A token limit of {limit} is too small; {MIN_LIMIT} is the least.")
    overlap = limit // 8 if overlap is None else min(overlap, limit // MOST_OVERLAP)
    found, title = blocks(text, media_type), " ".join(title.split())
    if whole := _whole(text, found, tokenizer, limit, title):
        return [whole]
    splitter = _Splitter(text, found, tokenizer, limit, overlap)
    spans: list[Span] = []
    for group in splitter.groups(title):
        spans.extend(splitter.cut(group))
    return spans


def _whole(
    text: str, found: list[Block], tokenizer: Tokenizer, limit: int, title: str
) -> Span | None:
    """All of a short text, which is one section, as the splitter would cut it: most rows of
    tables are such, and need no look at where they could be cut. None for any other."""
    size = len(text) if text.isascii() else len(text.encode())
    if not found or size >= limit or any(block.kind is Kind.HEADING for block in found):
        return None
    heading, head_tokens = _headed((title,) if title else (), tokenizer, limit)
    if size + head_tokens > limit:  # a token has a byte at least
        return None
    start, end = _stripped(text, found[0].start, found[-1].end)
    count = tokenizer.count(embedded_text(heading, text[start:end]))
    return Span(start, end, heading, count) if count <= limit and start < end else None


@dataclass
class _Group:
    """Blocks that stand together under one heading path; `tokens` is an estimate."""

    path: tuple[str, ...]
    blocks: list[Block]
    tokens: int


class _Splitter:
    def __init__(
        self, text: str, found: list[Block], tokenizer: Tokenizer, limit: int, overlap: int
    ) -> None:
        self.text = text
        self.blocks = found
        self.tokenizer = tokenizer
        self.limit = limit
        self.overlap = overlap
        self.starts, self.before = _atoms(text, tokenizer)

    def tokens(self, start: int, end: int) -> int:
        """About how many tokens begin in `text[start:end]`."""
        return self.before[self._atom(end)] - self.before[self._atom(start)]

    def _atom(self, position: int) -> int:
        return bisect_left(self.starts, position)

    # Grouping: sections, small neighbours together.

    def groups(self, title: str) -> Iterator[_Group]:
        """Sections in order; small ones are joined while they fill no more than half."""
        current: _Group | None = None
        for section in self._sections(title):
            if current and current.tokens + section.tokens <= self.limit // 2:
                current.path = _common(current.path, section.path)
                current.blocks += section.blocks
                current.tokens += section.tokens
                continue
            if current:
                yield current
            current = section
        if current:
            yield current

    def _sections(self, title: str) -> Iterator[_Group]:
        """A heading with the blocks under it, and its path of headings."""
        path: list[tuple[int, str]] = [(0, title)] if title else []
        section = _Group(tuple(name for _, name in path), [], 0)
        previous = Kind.HEADING
        for block in self.blocks:
            if block.kind is Kind.HEADING:
                if previous is not Kind.HEADING:
                    yield section
                    section = _Group((), [], 0)
                path = [step for step in path if step[0] < block.level]
                if block.title and block.title.casefold() != title.casefold():
                    path.append((block.level, block.title))
                section.path = tuple(name for _, name in path)
            previous = block.kind
            section.blocks.append(block)
            section.tokens += self.tokens(block.start, block.end)
        if section.blocks:
            yield section

    # Cutting: a group into pieces that fit.

    def cut(self, group: _Group) -> Iterator[Span]:
        heading, head_tokens = _headed(group.path, self.tokenizer, self.limit)
        room = self.limit - head_tokens
        cuts = Cuts(self.text, group.blocks, room, self.tokens)
        end = group.blocks[-1].end
        at, done = group.blocks[0].start, group.blocks[0].start
        while done < end:
            stop, count = self._piece(at, end, heading, room, cuts)
            if stop <= done:  # the overlap left no room for anything new
                at = done
                continue
            start, last = _stripped(self.text, at, stop)
            if start < last:
                yield Span(start, last, heading, count)
            done = stop
            at = self._overlapped(at, stop, cuts) if stop < end else end

    def _piece(self, at: int, end: int, heading: str, room: int, cuts: Cuts) -> tuple[int, int]:
        """(where the piece from `at` ends, its tokens): counted, and shrunk until it fits."""
        while room > 0:
            stop = self._stop(at, end, room, cuts)
            start, last = _stripped(self.text, at, stop)
            count = self.tokenizer.count(embedded_text(heading, self.text[start:last]))
            if count <= self.limit:
                return stop, count
            if room == 1:
                break
            # A word cut in two may fall into more tokens than before: never to nothing at once.
            room = max(min(room - 1, room - (count - self.limit)), 1)
        raise ValueError(f"One character takes more than {self.limit} tokens; use a larger model.")

    def _stop(self, at: int, end: int, room: int, cuts: Cuts) -> int:
        """The best place to end a piece that begins at `at` and holds `room` tokens."""
        first = self._atom(at)
        rest = self.tokens(at, end)
        if room < rest <= room * 3 // 2:  # no crumb at the end: share what is left
            room = rest * 2 // 3
        last = bisect_left(self.before, self.before[first] + room + 1) - 1
        last = max(last, first + 1)
        if last >= self._atom(end):
            return end
        kept = cuts.kept_whole(self.starts[last])
        if kept and self.tokens(at, kept) * 8 >= room:
            return kept
        half = bisect_left(self.before, self.before[first] + room // 2)
        best, best_rank = last, -1
        for atom in range(last, max(half, first), -1):
            rank = cuts.rank(self.starts[atom])
            if rank > best_rank:
                best, best_rank = atom, rank
        return self.starts[best]

    def _overlapped(self, at: int, stop: int, cuts: Cuts) -> int:
        """Where the next piece begins: whole sentences back, at most `overlap` tokens."""
        earliest = self._atom(stop)
        floor = self.before[earliest] - self.overlap
        for position in reversed(cuts.sentences_between(at, stop)):
            if self.before[self._atom(position)] < floor:
                break
            stop = position
        return stop


def _headed(path: tuple[str, ...], tokenizer: Tokenizer, limit: int) -> tuple[str, int]:
    """The path as far as it fits a quarter of the limit, the nearest headings first,
    and the tokens it takes together with the special ones."""
    for first in range(len(path)):
        heading = " > ".join(path[first:])
        if len(heading) <= MAX_HEADING:
            count = tokenizer.count(heading + "\n")
            if count <= limit // 4:
                return heading, count
    return _cut_heading(path[-1] if path else "", tokenizer, limit)


def _cut_heading(name: str, tokenizer: Tokenizer, limit: int) -> tuple[str, int]:
    """The beginning of a heading that is too long; all of it stands in the text."""
    kept = tokenizer.offsets(name[:MAX_HEADING])[: max(limit // 4 - 4, 0)] if name else []
    heading = name[: kept[-1][1]].strip() if kept else ""
    count = tokenizer.count(heading + "\n")
    if count <= limit // 4:
        return heading, count
    return "", tokenizer.count("")


def _atoms(text: str, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """(starts, before): where the text may be cut, and the tokens before each such place.

    The last entry stands for the end of the text. Tokens that share characters make one
    atom; a long token or a long gap is divided, each part counting as one token.
    """
    starts, before = [0], [0]
    pending = reach = 0  # tokens that begin in the last atom; where they end
    for start, end in (*tokenizer.offsets(text), (len(text), len(text))):
        if start > starts[-1] and start >= reach:
            if start - starts[-1] > _LONG:
                for cut in range(starts[-1] + _ATOM, start, _ATOM):
                    starts.append(cut)
                    before.append(before[-1] + max(pending, 1))
                    pending = 0
            starts.append(start)
            before.append(before[-1] + max(pending, 1))
            pending = 0
        pending += 1
        reach = max(reach, end)
    return starts, before


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The headings that two paths share from the top."""
    length = 0
    while length < min(len(one), len(other)) and one[length] == other[length]:
        length += 1
    return one[:length]
