"""The context of a question: which passages go into the prompt, and what becomes of the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rag_app.language.budget import SEAM, Counter, QuestionTooLong, tokens
from rag_app.language.chat import Message
from rag_app.language.prompts import NumberedPassage, on_one_line

Outcome = Literal["sent", "merged", "duplicate", "budget"]
Prompt = Callable[[Sequence[NumberedPassage]], list[Message]]
MOST_DIGITS = 888  # no number of a passage has more of them


class PinnedTooLong(Exception):  # noqa: N818
    """The passages that must be in it do not fit; the question alone does."""


@dataclass(frozen=True)
class Piece:
    """A passage found: the characters `start` to `end` of the whole `text` of its document.
    `tokens` are those of its words, special ones included, where they are known."""

    document: int
    title: str
    text: str
    start: int
    end: int
    pinned: bool = False
    tokens: int | None = None

    @cached_property
    def words(self) -> str:
        return self.text[self.start : self.end]

    @cached_property
    def plain(self) -> str:
        """Its words whatever their case and the blanks between them."""
        return " ".join(self.words.casefold().split())


@dataclass(frozen=True)
class Span:
    """Pieces that stand together, as one passage; `pieces` are places in the list, best first."""

    piece: Piece
    pieces: tuple[int, ...]


@dataclass(frozen=True)
class Decision:
    """What became of a piece: sent as passage `number`, merged into it as its neighbour, left out
    as it says what that says, or for want of room (`number` is None). `tokens` are its own."""

    outcome: Outcome
    number: int | None
    tokens: int


@dataclass(frozen=True)
class Context:
    """The passages of a prompt, in the order of their numbers from 1, the prompt itself, its
    tokens, and for each piece that was given what became of it."""

    spans: list[Span]
    messages: list[Message]
    tokens: int
    decisions: list[Decision]


def packed(pieces: Sequence[Piece], prompt: Prompt, counter: Counter, limit: int) -> Context:
    """As many pieces, best first, as `limit` tokens hold; those that are pinned go first.

    Neighbours of one document become one passage, what repeats another is left out. The words of
    each piece are counted once, unless they are known, and its title; because tokens at a seam need
    not add up, the prompt is counted whole where that comes near the limit (`_Size`), and at the
    end. Raises QuestionTooLong and PinnedTooLong.
    """
    known = _Remembering(counter)  # the rules are the same in each prompt
    made = _packed(pieces, prompt, known, limit, exact=False)
    return made if made.tokens <= limit else _packed(pieces, prompt, known, limit, exact=True)


class _Remembering:
    """Counts each text once."""

    def __init__(self, counter: Counter) -> None:
        self._counter, self._known = counter, dict[str, int]()

    def count(self, text: str) -> int:
        if text not in self._known:
            self._known[text] = self._counter.count(text)
        return self._known[text]


def _packed(
    pieces: Sequence[Piece], prompt: Prompt, counter: Counter, limit: int, *, exact: bool
) -> Context:
    """`exact`: the prompt is counted whole for each piece."""
    spans: list[Span] = []
    size = _Size(prompt, counter)
    if size.least > limit:
        raise QuestionTooLong
    twins: dict[int, int] = {}  # places of pieces that say what another says
    order = sorted(range(len(pieces)), key=lambda place: not pieces[place].pinned)
    for place in order:
        twin = _twin(spans, pieces[place])
        if twin is not None:
            twins[place] = twin.pieces[0]
            continue
        trial = _with(spans, place, pieces[place])
        if exact:
            holds = size.counted(trial, limit)
        else:
            apart = len(trial) > len(spans)
            holds = size.holds(trial, pieces[place], limit, apart=apart)
        if holds:
            spans = trial
        elif pieces[place].pinned:
            raise PinnedTooLong
    messages = prompt(numbered(spans))
    decisions = _decisions(pieces, spans, twins, counter)
    return Context(spans, messages, tokens(messages, counter), decisions)


class _Size:
    """How long the prompt of the passages taken so far is: between `least` and `most` tokens.

    A piece adds what stands around it and its words, give or take what comes about at their seams
    and the special tokens that are counted with each text alone.
    """

    def __init__(self, prompt: Prompt, counter: Counter) -> None:
        self._prompt, self._counter = prompt, counter
        empty = self.least = self.most = tokens(prompt([]), counter)
        self._special = counter.count("")
        self._around = tokens(prompt([NumberedPassage(MOST_DIGITS, "", "")]), counter) - empty

    def holds(self, trial: Sequence[Span], piece: Piece, limit: int, *, apart: bool) -> bool:
        """Whether the limit holds `trial`, which has this piece too, as a passage of its own or,
        not `apart`, joined with neighbours; where it does, that is taken."""
        more = self._adds(piece)
        if self.most + more <= limit:
            # Where it joins a neighbour it may add nothing: they may overlap.
            self.least += max(0, more - self._slack) if apart else 0
            self.most += more
            return True
        if apart and self.least + more - self._slack > limit:
            return False
        return self.counted(trial, limit, more if apart else None)

    def counted(self, trial: Sequence[Span], limit: int, more: int | None = None) -> bool:
        """Likewise, counted whole. `more` is what the piece adds at most, where it is apart."""
        whole = tokens(self._prompt(numbered(trial)), self._counter)
        if whole <= limit:
            self.least = self.most = whole
        elif more is not None:  # without it the prompt is shorter by that
            self.least = max(self.least, whole - more)
            self.most = min(self.most, whole - more + self._slack)
        return whole <= limit

    @property
    def _slack(self) -> int:
        return self._special + 6 * SEAM  # and the digits of its number

    def _adds(self, piece: Piece) -> int:
        """The most tokens that it can add as a passage of its own."""
        title = self._counter.count(on_one_line(piece.title)) - self._special
        return self._around + title + _words(piece, self._counter) + 3 * SEAM


def numbered(spans: Sequence[Span]) -> list[NumberedPassage]:
    """As a prompt has them."""
    return [
        NumberedPassage(number, span.piece.title, span.piece.words)
        for number, span in enumerate(spans, start=1)
    ]


def _twin(spans: Sequence[Span], piece: Piece) -> Span | None:
    """The passage that has all of its words already."""
    return next((span for span in spans if piece.plain in span.piece.plain), None)


def _with(spans: Sequence[Span], place: int, piece: Piece) -> list[Span]:
    """With one piece more: merged with the passages it touches, at the place of the best."""
    near = [span for span in spans if _touch(span.piece, piece)]
    if not near:
        return [*spans, Span(piece, (place,))]
    start = min(piece.start, *(span.piece.start for span in near))
    end = max(piece.end, *(span.piece.end for span in near))
    merged = Span(
        Piece(piece.document, piece.title, piece.text, start, end),
        (*(one for span in near for one in span.pieces), place),
    )
    return [merged if span is near[0] else span for span in spans if span not in near[1:]]


def _touch(one: Piece, other: Piece) -> bool:
    """Whether nothing but blanks stands between them in the one document that both are of."""
    if one.document != other.document:
        return False
    first, second = sorted((one, other), key=lambda piece: piece.start)
    return second.start <= first.end or not one.text[first.end : second.start].strip()


def _decisions(
    pieces: Sequence[Piece], spans: Sequence[Span], twins: dict[int, int], counter: Counter
) -> list[Decision]:
    numbers = {place: n for n, span in enumerate(spans, start=1) for place in span.pieces}
    leading = {span.pieces[0] for span in spans}
    made = []
    for place, piece in enumerate(pieces):
        outcome: Outcome = "budget"
        if place in leading:
            outcome = "sent"
        elif place in numbers:
            outcome = "merged"
        elif place in twins:
            outcome = "duplicate"
        number = numbers.get(twins.get(place, place))
        made.append(Decision(outcome, number, _words(piece, counter)))
    return made


def _words(piece: Piece, counter: Counter) -> int:
    """The tokens of its words alone."""
    return counter.count(piece.words) if piece.tokens is None else piece.tokens
