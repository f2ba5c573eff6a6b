"""Packing: as many passages as a number of tokens holds, best first."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from rag_app.language.chat import Message

PassageT = TypeVar("PassageT")
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

    The prompt is counted whole each time, because tokens at a seam need not add up. A
    passage too large for what is left is passed over in favour of smaller ones after it.
    """
    packed: list[PassageT] = []
    if tokens(prompt(packed), counter) > limit:
        raise QuestionTooLong
    for passage in passages:
        if tokens(prompt([*packed, passage]), counter) <= limit:
            packed.append(passage)
    return packed
