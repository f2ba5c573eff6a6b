"""Requests to a server that speaks OpenAI's `/v1/embeddings`: bounded, and made again."""

import math
import random
import time
import weakref
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event
from typing import Any

import httpx

from . import replies
from .replies import Malformed, Reply
from .spec import ModelAway, ModelMissing, ModelSpec

CONNECT_SECONDS = 5.0
MAX_BYTES = 64 * 1024 * 1024  # of a reply
BACKOFF_SECONDS = 0.5  # before the second attempt, doubled before each later one
MOST_WAIT = 60.0  # a server that asks for more is away
PASSING = frozenset({408, 425, 429})  # and all from 500 on


class Refused(Exception):  # noqa: N818 - a statement about the request
    """The server will not do this, now or later: its status and its own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}" if message else str(status))
        self.status = status
        self.message = message


class Cancelled(Exception):  # noqa: N818 - a statement about the work
    """Somebody called `cancel`."""


class _Busy(Exception):  # noqa: N818
    """It may pass; `wait` seconds where the server named them."""

    def __init__(self, message: str, wait: float | None = None, again: bool = True) -> None:
        super().__init__(message)
        self.wait = wait
        self.again = again


class Server:
    """Safe to call from any thread. Redirects and the environment's proxies are not followed:
    the key and the texts go to the configured server and nowhere else."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._cancelled = Event()
        timeout = httpx.Timeout(spec.seconds, connect=min(CONNECT_SECONDS, spec.seconds))
        try:
            self._client = httpx.Client(
                timeout=timeout, trust_env=False, headers=self._headers(), follow_redirects=False
            )
        except UnicodeEncodeError as error:
            raise ModelMissing(
                f"The key of the {self.name} has characters no header takes."
            ) from error
        # Kept open between calls; closed when the last encoder of this server goes.
        weakref.finalize(self, self._client.close)

    @property
    def name(self) -> str:
        return f"model {self._spec.ref!r} at {self._spec.base_url}"

    def cancel(self) -> None:
        """Waits end at once, requests before their next byte; each call raises Cancelled."""
        self._cancelled.set()

    def embed(self, texts: Sequence[str]) -> Reply:
        """Raises Refused, Malformed, ModelAway, ModelMissing and Cancelled."""
        wanted = {"model": self._spec.ref, "input": list(texts), "encoding_format": "float"}
        return replies.read(self._patiently("POST", "embeddings", wanted), len(texts))

    def about(self) -> dict[str, Any]:
        """What the server's list of models says of this one; {} where it has no such list."""
        try:
            data = replies.decoded(self._patiently("GET", "models", None))
        except (Refused, Malformed):
            return {}
        rows = data.get("data") if isinstance(data, dict) else None
        found = [row for row in rows or [] if isinstance(row, dict)]
        return next((row for row in found if row.get("id") == self._spec.ref), {})

    def _patiently(self, method: str, path: str, body: dict[str, Any] | None) -> bytes:
        for attempt in range(self._spec.retries + 1):
            try:
                return self._once(method, path, body)
            except _Busy as error:
                wait = BACKOFF_SECONDS * 2**attempt * random.uniform(1, 1.5)  # noqa: S311
                wait = wait if error.wait is None else error.wait
                if attempt == self._spec.retries or wait > MOST_WAIT or not error.again:
                    raise ModelAway(
                        f"The {self.name} does not answer: {error}. "
                        "See that its server runs, and that the address is right."
                    ) from None
                if self._cancelled.wait(wait):
                    raise Cancelled from None
        raise AssertionError("the last attempt returns or raises")

    def _once(self, method: str, path: str, body: dict[str, Any] | None) -> bytes:
        address = f"{self._spec.base_url}/{path}"
        try:
            with self._client.stream(method, address, json=body) as response:
                data = self._body(response)
        except httpx.TimeoutException as error:
            raise _Busy(f"nothing came within {self._spec.seconds:g} s") from error
        except (httpx.HTTPError, OSError) as error:
            raise _Busy(self._without_key(str(error)) or type(error).__name__) from error
        except httpx.InvalidURL as error:
            raise ModelMissing(f"{self._spec.base_url!r} is no address: {error}.") from error
        self._check(response, data)
        return data

    def _body(self, response: httpx.Response) -> bytes:
        """Within the limits on time and size, compressed or not."""
        deadline = time.monotonic() + self._spec.seconds
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if self._cancelled.is_set():
                raise Cancelled
            if size > MAX_BYTES:
                raise Malformed(f"it has more than {MAX_BYTES} bytes")
            if time.monotonic() > deadline:
                raise _Busy(f"it took more than {self._spec.seconds:g} s in all")
        return b"".join(parts)

    def _check(self, response: httpx.Response, body: bytes) -> None:
        status = response.status_code
        if status == httpx.codes.OK:
            return
        said = self._without_key(replies.message(body))
        if status in PASSING or status >= 500:
            spent = replies.code(body) == "insufficient_quota"  # that passes by paying alone
            told = f"it says {status}{f': {said}' if said else ''}"
            raise _Busy(told, _seconds(response), again=not spent)
        if response.is_redirect:
            to = response.headers.get("location", "?")[: replies.ERROR_CHARS]
            raise ModelMissing(f"{self._spec.base_url} redirects to {to}. Register that address.")
        told = said.rstrip(".") or str(status)
        if status in (401, 403):
            raise ModelMissing(f"The {self.name} refuses the key: {told}. Enter another one.")
        if status in (404, 405):
            raise ModelMissing(f"There is no {self.name}: {told}. Check its id and the address.")
        raise Refused(status, said)

    def _headers(self) -> dict[str, str]:
        # Unpacked replies only: a compressed one could grow without bound.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._spec.api_key:
            headers["Authorization"] = f"Bearer {self._spec.api_key}"
        return headers

    def _without_key(self, message: str) -> str:
        key = self._spec.api_key.strip()
        return message.replace(key, "***") if key else message


def _seconds(response: httpx.Response) -> float | None:
    """What Retry-After asks for: seconds, or a date."""
    given = response.headers.get("retry-after", "").strip()
    try:
        if given.isdecimal():
            return float(given)
        left = (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(left, 0.0) if math.isfinite(left) else None
