"""Chat models: what they are asked with, and how they can fail.

A chat model takes messages and yields pieces of text. Every failure is a `ChatError` of one
kind, so that the caller can say what happened and keep the text that came before it.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypedDict


class Message(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str


class ChatModel(Protocol):
    """Anything that answers messages in pieces of text."""

    def stream(self, messages: Sequence[Message]) -> Generator[str, None, None]:
        """Yield the answer piece by piece; raises ChatError."""
        ...


class ChatError(Exception):
    """A chat model did not give a whole answer; `detail` is for the site's operator."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Unreachable(ChatError):  # noqa: N818
    """No connection could be made, or it broke before an answer began."""


class TimedOut(ChatError):  # noqa: N818
    """The server was silent for too long, or took too long in all."""


class Malformed(ChatError):  # noqa: N818
    """The reply is not what an OpenAI-compatible server sends."""


class CutOff(ChatError):  # noqa: N818
    """The reply ended before the model said that it was done."""


class LengthLimit(CutOff):
    """The model wrote as many tokens as it may, and had not ended."""


class Filtered(ChatError):  # noqa: N818
    """The server's content filter stopped the reply."""


class TooLarge(ChatError):  # noqa: N818
    """The reply passed the size limit."""


class Failed(ChatError):  # noqa: N818
    """A plugin raised an error of its own."""


class Refused(ChatError):  # noqa: N818
    """The server answered with an error: its HTTP status and its own message, and after how
    many seconds it may be asked again, where it says so."""

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status}: {message}" if message else str(status))
        self.status = status
        self.message = message
        self.retry_after = retry_after


@dataclass
class ScriptedChat:
    """Yields the given pieces, then raises `error` if there is one. For tests and trials."""

    pieces: Sequence[str]
    error: ChatError | None = None
    calls: list[list[Message]] = field(default_factory=list)

    def stream(self, messages: Sequence[Message]) -> Generator[str, None, None]:
        self.calls.append(list(messages))
        yield from self.pieces
        if self.error:
            raise self.error
