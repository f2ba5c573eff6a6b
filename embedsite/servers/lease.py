"""Who uses the embedded servers: the first to come starts them, the last to leave stops them.

Each user holds a shared lock on one file for as long as it lives, so the kernel forgets a user
that was killed. Starting and stopping happen under a second, exclusive lock.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from embedsite.servers import paths
from embedsite.servers.account import account, open_up
from embedsite.servers.postgres import Postgres
from embedsite.servers.redis import Redis


class Lease:
    """One user's claim to the embedded servers below `var`."""

    def __init__(
        self, var: Path, *, postgres: bool = True, redis: bool = False, durable: bool = True
    ) -> None:
        self.layout = paths.layout(var)
        user = account(self.layout)
        open_up(self.layout, user)
        database = Postgres(self.layout, user, durable=durable)
        broker = Redis(self.layout, user, durable=durable)
        self._all: list[Postgres | Redis] = [database, broker]
        self._wanted: list[Postgres | Redis] = []
        if postgres:
            self._wanted.append(database)
        if redis:
            self._wanted.append(broker)
        self._handle: int | None = None

    def take(self) -> None:
        """Count ourselves in and start what we want and does not run yet."""
        with self._changing():
            handle = os.open(self.layout.locks / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_SH)
            self._handle = handle
            try:
                self._start()
            except BaseException:
                self._leave()
                raise

    def restart_dead(self) -> list[str]:
        """Start again what died meanwhile; returns the names of those."""
        if all(server.is_up() for server in self._wanted):
            return []
        with self._changing():
            return self._start()

    def give_back(self) -> bool:
        """Count ourselves out; the last one stops the servers. True when they were stopped."""
        with self._changing():
            return self._leave()

    def _start(self) -> list[str]:
        started = []
        for server in self._wanted:
            if not server.is_up():
                server.start()
                started.append(type(server).__name__)
        return started

    def _leave(self) -> bool:
        if self._handle is None:
            return False
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            for server in reversed(self._all):
                server.stop()
            return True
        finally:
            os.close(self._handle)
            self._handle = None

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        handle = os.open(self.layout.locks / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


@contextlib.contextmanager
def held(
    var: Path, *, postgres: bool = True, redis: bool = False, durable: bool = True
) -> Iterator[Lease | None]:
    """Hold the embedded servers for a block of code; nothing happens when none is wanted."""
    if not (postgres or redis):
        yield None
        return
    lease = Lease(var, postgres=postgres, redis=redis, durable=durable)
    lease.take()
    try:
        yield lease
    finally:
        lease.give_back()
