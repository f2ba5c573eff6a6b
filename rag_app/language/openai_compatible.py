"""A chat model behind any server that speaks OpenAI's `/v1/chat/completions`."""

import json
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from rag_app.language import sse
from rag_app.language.chat import (
    CutOff,
    Filtered,
    LengthLimit,
    Malformed,
    Message,
    Refused,
    TimedOut,
    TooLarge,
    Unreachable,
)
from rag_app.language.safe import inert, one_line
from rag_app.language.usage import Usage

ERROR_BYTES = 64 * 1024  # of an error's body, enough to find its message
ERROR_CHARS = 200
LEAST_KEY = 6  # characters of the key that give it away
MOST_WAIT = 86_400.0  # seconds that a server may ask for
STREAMED, WHOLE = "text/event-stream", "application/json"


def endpoint(base_url: str) -> str:
    """The address of chat completions; a base without a path gets `/v1`.

    Raises httpx.InvalidURL.
    """
    base = base_url.rstrip("/")
    if httpx.URL(base).path in ("", "/"):
        base += "/v1"
    return f"{base}/chat/completions"


@dataclass(frozen=True)
class OpenAICompatible:
    """Times in seconds: to connect, of silence between two chunks, and in all."""

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    connect_seconds: float = 10.0
    silence_seconds: float = 60.0
    total_seconds: float = 300.0
    max_bytes: int = 4 * 1024 * 1024
    answer_tokens: int | None = None  # at most; None leaves it to the server
    usage: Usage = field(default_factory=Usage, compare=False)  # told once an answer has ended

    def stream(self, messages: Sequence[Message]) -> Generator[str, None, None]:
        """Yield the answer in pieces; raises the ChatError that fits."""
        try:
            # Proxies of the environment and redirects are not followed: the key and the
            # passages go to the configured server and nowhere else.
            with (
                httpx.Client(timeout=self._timeout(), trust_env=False) as client,
                client.stream(
                    "POST",
                    endpoint(self.base_url),
                    headers=self._headers(),
                    json=self._asked(messages),
                ) as response,
            ):
                yield from self._read(response)
        except httpx.TimeoutException as error:
            raise TimedOut(f"no data within the time limit ({type(error).__name__})") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(self._without_key(str(error))) from error
        except UnicodeEncodeError as error:
            raise Unreachable("the key has characters that no header can carry") from error

    def _asked(self, messages: Sequence[Message]) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": self.model, "messages": list(messages), "stream": True}
        asked["stream_options"] = {"include_usage": True}
        if self.answer_tokens:
            asked["max_tokens"] = self.answer_tokens
        return asked

    def _timeout(self) -> httpx.Timeout:
        connect = min(self.connect_seconds, self.silence_seconds)
        return httpx.Timeout(self.silence_seconds, connect=connect)

    def _headers(self) -> dict[str, str]:
        # Unpacked replies only: a compressed one could grow without bound.
        headers = {"Accept": f"{STREAMED}, {WHOLE}", "Accept-Encoding": "identity"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return headers

    def _read(self, response: httpx.Response) -> Iterator[str]:
        try:
            yield from self._answer(response)
        except Refused as error:
            message = self._in_short(error.message)
            raise Refused(error.status, message, error.retry_after) from None
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            raise CutOff(self._without_key(str(error))) from error

    def _answer(self, response: httpx.Response) -> Iterator[str]:
        chunks = self._bounded(response)
        if response.status_code != httpx.codes.OK:
            message = self._error_message(response, chunks)
            wait = retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
            raise Refused(response.status_code, message, wait)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Malformed("the reply is compressed although that was not asked for")
        media_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
        if media_type == STREAMED:
            yield from _streamed(chunks, self.usage)
        elif media_type == WHOLE:
            yield from _whole(b"".join(chunks), self.usage)
        else:
            kind = self._in_short(media_type) or "of no type"
            raise Malformed(f"the reply is {kind}, not {STREAMED}")

    def _bounded(self, response: httpx.Response) -> Iterator[bytes]:
        """The body's chunks, within the limits on time and size."""
        deadline = time.monotonic() + self.total_seconds
        received = 0
        for chunk in response.iter_raw():
            received += len(chunk)
            if received > self.max_bytes:
                raise TooLarge(f"more than {self.max_bytes} bytes")
            if time.monotonic() > deadline:
                raise TimedOut(f"more than {self.total_seconds:g} seconds in all")
            yield chunk

    def _error_message(self, response: httpx.Response, chunks: Iterator[bytes]) -> str:
        """What the server says is wrong, in its own words."""
        if response.is_redirect:
            return f"redirects to {response.headers.get('location', '?')}"
        body = b""
        for chunk in chunks:
            body += chunk
            if len(body) > ERROR_BYTES:
                break
        return _message_of(body)

    def _in_short(self, words: str) -> str:
        """A server's own words for a page: without our key, tags and line breaks, with nothing
        that Markdown would load, and not long."""
        told = inert(one_line(self._without_key(words)))
        return told if len(told) <= ERROR_CHARS else told[: ERROR_CHARS - 1] + "…"

    def _without_key(self, message: str) -> str:
        """Servers quote keys whole, or their first or last characters."""
        key = self.api_key.strip()
        for length in range(len(key), LEAST_KEY - 1, -1):
            message = message.replace(key[:length], "***").replace(key[-length:], "***")
        return message.replace(key, "***") if key else message


def _message_of(body: bytes) -> str:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    error = data.get("error", data) if isinstance(data, dict) else ""
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or ""
    return sse.clean(error) if isinstance(error, str) else ""


def _status_of(reply: dict[str, Any]) -> int:
    """Of an error in the middle of a reply, which some servers number as HTTP does."""
    error = reply["error"]
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else httpx.codes.OK


def retry_after(given: str, now: datetime) -> float | None:
    """Seconds from an HTTP header: a number, or a time; None for none that makes sense."""
    try:
        if given.strip().isdigit():
            return min(float(given), MOST_WAIT)
        wait = (parsedate_to_datetime(given) - now).total_seconds()
    except (TypeError, ValueError):
        return None
    return min(max(wait, 0.0), MOST_WAIT)


def _streamed(chunks: Iterator[bytes], usage: Usage) -> Iterator[str]:
    """Read to the end: token counts may come after the last word."""
    ended = None
    for data in sse.events(chunks):
        if data == "[DONE]":
            break
        text, reason = _piece(data, "delta", usage)
        if text:
            yield text
        ended = ended or reason
    else:
        if ended is None:
            raise CutOff("the stream ended without a last word")
    _check(ended)


def _whole(body: bytes, usage: Usage) -> Iterator[str]:
    """A server that does not stream sends one JSON object."""
    try:
        text, reason = _piece(body.decode(), "message", usage)
    except UnicodeDecodeError as error:
        raise Malformed("the reply is not UTF-8") from error
    if text:
        yield text
    _check(reason)


def _check(reason: str | None) -> None:
    if reason == "length":
        raise LengthLimit("the model reached its limit on the length of an answer")
    if reason == "content_filter":
        raise Filtered("the server's content filter stopped the answer")


def _count(given: Any, usage: Usage) -> None:
    """Servers tell token counts at the end, or with each chunk: the last count."""
    if isinstance(given, dict):
        counts = [given.get(name) for name in ("prompt_tokens", "completion_tokens")]
        known = [one if isinstance(one, int) and 0 <= one < 2**31 else 0 for one in counts]
        usage.prompt, usage.answer = known


def _piece(data: str, key: str, usage: Usage) -> tuple[str, str | None]:
    """The text and the finish reason in one JSON object of a reply."""
    try:
        reply = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed("the reply is not JSON") from error
    if isinstance(reply, dict) and reply.get("error"):
        raise Refused(_status_of(reply), _message_of(data.encode("utf-8", "replace")))
    if isinstance(reply, dict):
        _count(reply.get("usage"), usage)
    try:
        choices = reply["choices"]
        if not choices:  # a chunk that carries only token counts
            return "", None
        content = (choices[0].get(key) or {}).get("content") or ""
        reason = choices[0].get("finish_reason")
    except (TypeError, KeyError, AttributeError, IndexError) as error:
        raise Malformed("the reply has no choices with text") from error
    if not isinstance(content, str):
        raise Malformed("the reply's content is not text")
    return sse.clean(content), reason if isinstance(reason, str) else None
