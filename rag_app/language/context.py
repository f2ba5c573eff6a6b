"""The context of a question: which passages go into the prompt, and what becomes of the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag_app.language.budget import SEAM, Counter, QuestionTooLong, tokens
from rag_app.language.chat import Message
from rag_app.language.prompts import NumberedPassage

Outcome = Literal["sent", "merged", "duplicate", "budget"]
Prompt = Callable[[Sequence[NumberedPassage]], list[Message]]


class PinnedTooLong(Exception):  # noqa: N818
    """The passages that must be in it do not fit; the question alone does."""


@dataclass(frozen=True)
class Piece:
    """A passage found: the characters `start` to `end` of the whole `text` of its document."""

    document: int
    title: str
    text: str
    start: int
    end: int
    pinned: bool = False

    @property
    def words(self) -> str:
        return self.text[self.start : self.end]


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
    each piece are counted once, and what stands around them; because tokens at a seam need not
    add up, the prompt is counted whole where that comes near the limit, and at the end. Raises
    QuestionTooLong and PinnedTooLong.
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
    empty = size = tokens(prompt([]), counter)
    if empty > limit:
        raise QuestionTooLong
    spans: list[Span] = []
    twins: dict[int, int] = {}  # places of pieces that say what another says
    order = sorted(range(len(pieces)), key=lambda place: not pieces[place].pinned)
    for place in order:
        twin = _twin(spans, pieces[place])
        if twin is not None:
            twins[place] = twin.pieces[0]
            continue
        trial = _with(spans, place, pieces[place])
        around = numbered([Span(replace(pieces[place], end=pieces[place].start), (place,))])
        words = counter.count(pieces[place].words)
        whole = size + tokens(prompt(around), counter) - empty + words + 2 * SEAM
        if exact or whole > limit:
            whole = tokens(prompt(numbered(trial)), counter)
        if whole <= limit:
            spans, size = trial, whole
        elif pieces[place].pinned:
            raise PinnedTooLong
    messages = prompt(numbered(spans))
    decisions = _decisions(pieces, spans, twins, counter)
    return Context(spans, messages, tokens(messages, counter), decisions)


def numbered(spans: Sequence[Span]) -> list[NumberedPassage]:
    """As a prompt has them."""
    return [
        NumberedPassage(number, span.piece.title, span.piece.words)
        for number, span in enumerate(spans, start=1)
    ]


def _twin(spans: Sequence[Span], piece: Piece) -> Span | None:
    """The passage that has all of its words already."""
    words = _plain(piece.words)
    return next((span for span in spans if words in _plain(span.piece.words)), None)


def _plain(words: str) -> str:
    return " ".join(words.casefold().split())


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
        made.append(Decision(outcome, number, counter.count(piece.words)))
    return made
