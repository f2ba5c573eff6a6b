"""Packing: as many passages as a number of tokens holds, best first."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from rag_app.language.chat import Message

PassageT = TypeVar("PassageT")
SEAM = 2  # tokens that may come about where two texts meet
PER_MESSAGE = 8  # tokens that a chat template puts around each message, at most


class Counter(Protocol):
    """What packing needs of a tokenizer."""

    def count(self, text: str) -> int: ...


class QuestionTooLong(Exception):  # noqa: N818
    """The prompt without any passage is over the limit already."""


def tokens(messages: Sequence[Message], counter: Counter) -> int:
    """The tokens of a whole prompt."""
    return sum(counter.count(message["content"]) + PER_MESSAGE for message in messages)


def pack(
    passages: Sequence[PassageT],
    prompt: Callable[[Sequence[PassageT]], list[Message]],
    counter: Counter,
    limit: int,
) -> list[PassageT]:
    """The passages, best first, with which `prompt` stays within `limit` tokens.

    Each is counted by itself, as what it adds to the empty prompt; because tokens at a seam need
    not add up, the prompt is counted whole where that comes near the limit, and at the end. A
    passage too large for what is left is passed over in favour of smaller ones after it.
    """
    packed: list[PassageT] = []
    empty = size = tokens(prompt(packed), counter)
    if size > limit:
        raise QuestionTooLong
    for passage in passages:
        more = tokens(prompt([passage]), counter) - empty + SEAM
        if size + more > limit:
            more = tokens(prompt([*packed, passage]), counter) - size
        if size + more <= limit:
            packed.append(passage)
            size += more
    while tokens(prompt(packed), counter) > limit:
        packed.pop()
    return packed
