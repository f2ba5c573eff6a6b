"""One child process that reads what `sandbox` is given, as its parent sees it."""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import sandbox_place
from .sandbox_wire import ClosedError, receive, send

_ROOT = Path(__file__).resolve().parents[2]
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TESSDATA_PREFIX", "SYSTEMROOT")
# No password of the site's reaches the child. OpenBLAS, which numpy brings and a reader may
# import, reserves memory for every core; glibc does for every thread.
_ENVIRONMENT = {
    "PYTHONPATH": str(_ROOT),
    "PYTHONSAFEPATH": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "MALLOC_ARENA_MAX": "1",
}
_LEAVING_SECONDS = 0.5
LIFE = 3  # the child's end of a pipe that says nothing and closes when the parent ends
PLACE = 4  # the memory in which the child says where it is


@dataclass(frozen=True)
class Limits:
    """What reading one item of content may take."""

    memory_mb: int = 512
    seconds: int = 60


class Process:
    """A child that takes one request at a time."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.overdue = False
        self.retired = False
        self._ended = False
        self._closed = False
        self._lock = threading.Lock()
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        life, self._life = os.pipe()
        self._place = sandbox_place.create()
        try:
            self.pid = _spawned(limits, (requests, answers, life, self._place))
        finally:
            for end in (requests, answers, life):
                os.close(end)

    def ask(self, values: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
        """The answer to one request. What it raises means that the child is of no more use."""
        timer = threading.Timer(self.limits.seconds, self._stop)
        timer.daemon = True
        timer.start()
        try:
            sandbox_place.clear(self._place)
            send(self._requests, values | {"seconds": self.limits.seconds}, [data])
            return receive(self._answers)
        except (ClosedError, OSError):
            self._closed = True
            raise
        finally:
            timer.cancel()

    def place(self) -> dict[str, object]:
        """Which part of the source the child was at when it was last heard of; before `end`."""
        return sandbox_place.noted(self._place)

    def end(self) -> None:
        """Kill the child and what it has started, and take its leave."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            with suppress(ChildProcessError):
                gone = self._gone()
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
                if not gone:
                    os.waitpid(self.pid, 0)
        self._close()

    def let_go(self) -> None:
        """Close the pipes alone: the child belongs to another process."""
        self._ended = True
        self._close()

    def _gone(self) -> bool:
        """Whether it has ended by itself; what closes its pipes is about to."""
        until = time.monotonic() + _LEAVING_SECONDS
        while time.monotonic() < until:
            found, status = os.waitpid(self.pid, os.WNOHANG)
            if found:
                self.retired = os.waitstatus_to_exitcode(status) == 0
                return True
            if self.overdue or not self._closed:
                return False
            time.sleep(0.005)
        return False

    def _stop(self) -> None:
        with self._lock:
            if not self._ended:
                self.overdue = True
                os.killpg(self.pid, signal.SIGKILL)

    def _close(self) -> None:
        for end in (self._requests, self._answers, self._life, self._place):
            os.close(end)


def _spawned(limits: Limits, ends: tuple[int, int, int, int]) -> int:
    """Started without forking this process, which may be large and have threads; `ends` become
    its requests, its answers, LIFE and PLACE."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    module = f"{__package__}.sandbox_child"
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", module, str(limits.memory_mb)],
        passed_on | _ENVIRONMENT,
        file_actions=_file_actions(*ends),
        setsid=True,  # a group of its own, to be killed with what it starts
        setsigmask=[],
        setsigdef=[signal.SIGIO, signal.SIGXCPU, signal.SIGTERM, signal.SIGINT],
    )


def _file_actions(requests: int, answers: int, life: int, place: int) -> Sequence[tuple[Any, ...]]:
    return [
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, requests, 0),
        (os.POSIX_SPAWN_DUP2, answers, 1),
        (os.POSIX_SPAWN_DUP2, life, LIFE),
        (os.POSIX_SPAWN_DUP2, place, PLACE),
    ]
