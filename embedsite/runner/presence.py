"""Whether the site runs, where, and what an earlier one that was killed left behind."""

import fcntl
import json
import os
import signal
from pathlib import Path
from typing import Any

import psutil

from embedsite.runner.supervisor import MARK, STOP_SECONDS
from embedsite.servers import processes


class Presence:
    """The runner's lock and note in `var/run`. The kernel drops the lock of a killed runner."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.folder = var / "run"
        self.note = self.folder / "site.json"
        self._handle: int | None = None

    def enter(self) -> bool:
        """Become the one runner. False when there is one already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / "site.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        self.write(url="")
        return True

    def leave(self) -> None:
        if self._handle is not None:
            self.note.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None

    def write(self, url: str) -> None:
        """Note for others who we are and where the site answers ("" while it starts)."""
        fresh = self.note.with_suffix(".new")
        fresh.write_text(json.dumps({"pid": os.getpid(), "url": url}))
        fresh.replace(self.note)

    def read(self) -> dict[str, Any]:
        """The running site's `pid` and `url`; empty when its note is not there yet."""
        try:
            return dict(json.loads(self.note.read_text()))
        except (OSError, ValueError):
            return {}

    def stop_runner(self) -> bool:
        """Ask a running site to stop and wait until it has. False when none runs."""
        if self.enter():
            self.leave()
            return False
        if pid := self.read().get("pid"):
            os.kill(pid, signal.SIGTERM)
            if not processes.wait_until(self._is_free, STOP_SECONDS * 3, pause=0.2):
                os.kill(pid, signal.SIGKILL)
        return True

    def end_orphans(self) -> int:
        """End what is left of a site whose runner was killed; returns how many processes."""
        found = processes.find(self._is_ours)
        # The supervisor first, or it would start again what we end.
        found.sort(key=lambda process: process.create_time())
        processes.end(found[:1], STOP_SECONDS)
        processes.end([p for p in found if p.is_running()], STOP_SECONDS)
        return len(found)

    def _is_free(self) -> bool:
        if self.enter():
            self.leave()
            return True
        return False

    def _is_ours(self, process: psutil.Process) -> bool:
        return process.pid != os.getpid() and process.environ().get(MARK) == str(self.var)
