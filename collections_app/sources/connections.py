"""Connections to vetted addresses only, that end at a set time whatever the other side does."""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
from django.utils.translation import gettext as _
from httpcore import NetworkBackend, NetworkStream, SyncBackend

from collections_app.sources import addresses


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """The rest of the time, or `timeout` if that is less. Raises ReadTimeout."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(left, timeout)


class GuardedBackend(NetworkBackend):
    """Resolves once, vets every address, and connects to one of these. TLS and the Host
    header keep the name."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._inner = SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        error: Exception = httpcore.ConnectError(_("the host has no address"))
        for address in addresses.vetted(host, port):
            try:
                stream = self._inner.connect_tcp(address, port, self._deadline.left(timeout))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
            else:
                return _BoundedStream(stream, self._deadline)
        raise error

    def connect_unix_socket(self, *args: Any, **options: Any) -> NetworkStream:
        raise addresses.Refused(_("Sockets of this machine may not be fetched from."))

    def sleep(self, seconds: float) -> None:
        time.sleep(self._deadline.left(seconds))


class _BoundedStream(NetworkStream):
    """A stream whose every wait ends with the deadline: a drip of bytes does not extend it."""

    def __init__(self, inner: NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        left = self._deadline.left(timeout)
        return _BoundedStream(
            self._inner.start_tls(ssl_context, server_hostname, left), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
