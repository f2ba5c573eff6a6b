"""Fetching from the web: guarded addresses, bounded size and time, polite, no secret lost.

Each redirect is vetted as the first address was. Secret headers go to the host that they were
given for and to no other. No proxy is taken from the environment.
"""

import email.utils
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from collections_app.sources import polite
from collections_app.sources.addresses import Target, joined, parse
from collections_app.sources.bodies import Broken, TooLarge, decoded
from collections_app.sources.connections import Deadline, GuardedBackend
from collections_app.sources.items import Validators

REDIRECTS = 5
ATTEMPTS = 3
BACKOFF_SECONDS = 1.0  # before the second attempt; four times as long before the third
SILENCE_SECONDS = 20.0  # between two bytes
PATIENCE_SECONDS = 30.0  # how long a server may have us wait at once; else the run waits
LONGEST_SECONDS = 24 * 3600.0
USER_AGENT = "embedsite"
MOVED = (301, 302, 303, 307, 308)
BUSY = (429, 500, 502, 503, 504)

Headers = dict[str, str]


class FetchError(Exception):
    """What was asked for could not be had; the message says why.

    `again`: whether it may work later, after `wait` seconds at the earliest.
    """

    def __init__(self, message: str, again: bool = False, wait: float = 0.0) -> None:
        super().__init__(message)
        self.again = again
        self.wait = wait


class Later(Exception):  # noqa: N818 - a statement about the server
    """The server asks to be left alone for so many seconds."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = min(seconds, LONGEST_SECONDS)


@dataclass
class Answer:
    """An answer whose body is still coming. Header names are in lower case."""

    target: Target
    status: int
    headers: Headers
    chunks: Iterator[bytes]


@dataclass(frozen=True)
class Fetched:
    """A whole answer. `data` is empty where nothing changed (`unchanged`)."""

    url: str
    headers: Headers
    data: bytes
    unchanged: bool

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def validators(self) -> Validators:
        """How to ask next time whether it changed; empty where the server gave no way."""
        names = {"etag": "etag", "last-modified": "last_modified"}
        return {
            kept: self.headers[name][:500] for name, kept in names.items() if name in self.headers
        }


class Fetcher:
    """Fetches for one source. `secret_headers` go to the origin of the source's URL only."""

    def __init__(
        self,
        home: str = "",
        secret_headers: Headers | None = None,
        most_bytes: int | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._secrets = secret_headers or {}
        self._home = parse(home).origin if home else None
        self._most = most_bytes or settings.MAX_UPLOAD_BYTES
        self._sleep = sleep
        self._context = httpx.create_ssl_context()

    def get(
        self, url: str, known: Validators | None = None, headers: Headers | None = None
    ) -> Fetched:
        """The whole of it, or that it has not changed since `known`.

        Raises Refused, FetchError, and Later.
        """
        asked = {**(headers or {}), **_conditions(known or {})}
        for attempt in range(ATTEMPTS):
            try:
                with self.open(url, headers=asked) as answer:
                    data = b"".join(answer.chunks)
                    unchanged = answer.status == 304
                    return Fetched(str(answer.target), answer.headers, data, unchanged)
            except FetchError as error:
                if not error.again or attempt == ATTEMPTS - 1:
                    raise
                pause = max(error.wait, BACKOFF_SECONDS * 4**attempt)
            self._sleep(pause)
        raise AssertionError("unreachable")

    @contextmanager
    def open(
        self, url: str, method: str = "GET", headers: Headers | None = None, body: bytes = b""
    ) -> Iterator[Answer]:
        """One request, and the redirects that it leads to. Raises as `get` does, then and
        while the body is read."""
        target, deadline = parse(url), Deadline(settings.FETCH_TIMEOUT_SECONDS)
        for _hop in range(REDIRECTS + 1):
            with self._request(target, method, headers or {}, body, deadline) as answer:
                moved = answer.status in MOVED and answer.headers.get("location")
                if not moved:
                    _check_status(answer)
                    yield answer
                    return
                if method != "GET":
                    raise FetchError(_("%s leads somewhere else; it should not.") % target)
                target = joined(target, answer.headers["location"])
        raise FetchError(_("The address leads from one to another without end: %s.") % url[:200])

    @contextmanager
    def _request(
        self, target: Target, method: str, headers: Headers, body: bytes, deadline: Deadline
    ) -> Iterator[Answer]:
        backend = GuardedBackend(deadline)
        pool = httpcore.ConnectionPool(ssl_context=self._context, network_backend=backend)
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), SILENCE_SECONDS)
        try:
            with (
                polite.turn(target.host, self._sleep),
                pool,
                pool.stream(
                    method,
                    httpcore.URL(
                        scheme=target.scheme,
                        host=target.host,
                        port=target.port,
                        target=target.path,
                    ),
                    headers=list(self._headers(target, headers, body).items()),
                    content=body or None,
                    extensions={"timeout": timeouts},
                ) as response,
            ):
                yield self._answer(target, response)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise FetchError(_no_answer(target, error), again=True) from error
        except OSError as error:
            raise FetchError(_no_answer(target, error), again=True) from error
        except TooLarge as error:
            most = f"{self._most / 1024 / 1024:.3g} MB"
            raise FetchError(
                _("%(url)s is larger than %(most)s.") % {"url": target, "most": most}
            ) from error
        except Broken as error:
            raise FetchError(str(error)) from error

    def _headers(self, target: Target, headers: Headers, body: bytes) -> Headers:
        sent = {
            "Host": target.authority,
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            "Connection": "close",
            **headers,
        }
        if body:
            sent["Content-Length"] = str(len(body))
        if target.origin == self._home:
            sent |= self._secrets
        return sent

    def _answer(self, target: Target, response: httpcore.Response) -> Answer:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        encoding = headers.get("content-encoding", "")
        chunks = decoded(response.iter_stream(), encoding, self._most)
        return Answer(target, response.status, headers, chunks)


def _conditions(known: Validators) -> Headers:
    names = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}
    return {header: str(known[name]) for name, header in names.items() if known.get(name)}


def _check_status(answer: Answer) -> None:
    """Raises FetchError, and Later, for every status that brings no content."""
    status = answer.status
    if status in (200, 304):
        return
    wait = _seconds(answer.headers.get("retry-after", ""))
    message = _("%(url)s answered with %(status)d.") % {"url": answer.target, "status": status}
    if status in BUSY and wait > PATIENCE_SECONDS:
        raise Later(message, wait)
    raise FetchError(message, status in BUSY, wait)


def _seconds(retry_after: str) -> float:
    """What the header asks for, in seconds or as a date; 0 for nothing."""
    if retry_after.strip().isdigit():
        return float(retry_after[:10])
    try:
        until = email.utils.parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return 0.0
    if until.tzinfo is None:
        return 0.0
    return max(0.0, (until - timezone.now()).total_seconds())


def _no_answer(target: Target, error: Exception) -> str:
    """What happened, without what the other side may have put into the error."""
    values: dict[str, Any] = {"host": target.host}
    if isinstance(error, httpcore.TimeoutException):
        return _("%(host)s did not answer in time.") % values
    if isinstance(error, httpcore.ProtocolError):
        return _("%(host)s does not speak HTTP as it should.") % values
    return _("%(host)s cannot be reached (%(kind)s).") % {**values, "kind": type(error).__name__}
