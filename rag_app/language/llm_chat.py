"""A chat model of any plugin of `llm` that is installed beside the site.

A plugin runs in this very process, with whatever it imports. It is read in a thread of its own:
one that hangs is left to itself, and the answer ends in time.
"""

import importlib
import queue
import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rag_app.language import sse
from rag_app.language.chat import ChatError, Failed, Message, TimedOut, TooLarge, Unreachable
from rag_app.language.usage import Usage

WAITING = 64  # pieces that may wait for their reader
_END = object()


def installed() -> list[str]:
    """The ids of the chat models that plugins offer; none where llm is not here."""
    try:
        llm = importlib.import_module("llm")
    except ImportError:
        return []
    return sorted(one.model.model_id for one in llm.get_models_with_aliases() if one.model)


@dataclass(frozen=True)
class LlmChat:
    """Times in seconds, of silence and in all; the most characters of an answer."""

    model: str
    api_key: str = field(default="", repr=False)
    silence_seconds: float = 60.0
    total_seconds: float = 300.0
    max_chars: int = 1_000_000
    usage: Usage = field(default_factory=Usage, compare=False)

    def stream(self, messages: Sequence[Message]) -> Generator[str, None, None]:
        """Yield the answer in pieces; raises the ChatError that fits."""
        pieces: queue.Queue[Any] = queue.Queue(WAITING)
        left = threading.Event()
        reader = threading.Thread(
            target=self._read, args=(list(messages), pieces, left), daemon=True
        )
        reader.start()
        deadline, received = time.monotonic() + self.total_seconds, 0
        try:
            while True:
                try:
                    piece = pieces.get(timeout=self.silence_seconds)
                except queue.Empty as error:
                    raise TimedOut("the plugin said nothing within the time limit") from error
                if piece is _END:
                    return
                if isinstance(piece, ChatError):
                    raise piece
                received += len(piece)
                if received > self.max_chars:
                    raise TooLarge(f"more than {self.max_chars} characters")
                if time.monotonic() > deadline:
                    raise TimedOut(f"more than {self.total_seconds:g} seconds in all")
                yield piece
        finally:
            left.set()

    def _read(self, messages: list[Message], pieces: "queue.Queue[Any]", left: Any) -> None:
        """What the plugin says, and how it ends, into the queue; nothing after the reader left."""
        end: Any = _END
        try:
            response = self._prompted(messages)
            for piece in response:
                text = sse.clean(str(piece))
                if text and not _put(pieces, text, left):
                    return
            used = response.usage()
            self.usage.prompt, self.usage.answer = int(used.input or 0), int(used.output or 0)
        except ChatError as error:
            end = error
        except Exception as error:  # whatever a plugin raises, each has errors of its own
            end = Failed(self._without_key(f"{type(error).__name__}: {error}")[:300])
        _put(pieces, end, left)

    def _prompted(self, messages: list[Message]) -> Any:
        try:
            llm = importlib.import_module("llm")
        except ImportError as error:
            raise Unreachable("the package llm is not installed") from error
        try:
            model = llm.get_model(self.model)
        except llm.UnknownModelError as error:
            raise Unreachable(f"no plugin has the model {self.model!r}") from error
        system = "\n\n".join(one["content"] for one in messages if one["role"] == "system")
        prompt = "\n\n".join(one["content"] for one in messages if one["role"] != "system")
        keyed = {"key": self.api_key} if self.api_key and model.needs_key else {}
        return model.prompt(prompt, system=system, stream=bool(model.can_stream), **keyed)

    def _without_key(self, message: str) -> str:
        key = self.api_key.strip()
        return message.replace(key, "***") if key else message


def _put(pieces: "queue.Queue[Any]", piece: Any, left: Any) -> bool:
    """Whether there was still somebody to read it."""
    while not left.is_set():
        try:
            pieces.put(piece, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False
