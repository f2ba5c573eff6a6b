"""The whole site on one machine: prepares, starts, watches over and stops its processes."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from embedsite.runner import supervisor
from embedsite.runner.presence import Presence
from embedsite.servers.errors import ServerError
from embedsite.servers.lease import Lease
from embedsite.servers.logs import tail

READY_SECONDS = 120  # the first start on a slow disk compiles and reads a great deal
WATCH_SECONDS = 1.0


class Site:
    """The site's processes. `lease` holds the embedded servers, if any are ours."""

    def __init__(
        self, base: Path, var: Path, port: int, lease: Lease | None, say: Callable[[str], None]
    ) -> None:
        self.base = base
        self.var = var
        self.port = port
        self.url = f"http://127.0.0.1:{port}/"
        self._lease = lease
        self._say = say
        self._supervisor: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start web, worker and beat, and wait until all answer. Raises ServerError."""
        self._supervisor = supervisor.start(self.base, self.var, self.port)
        deadline = time.monotonic() + READY_SECONDS
        while problems := self._problems():
            if time.monotonic() > deadline:
                raise ServerError(
                    f"The site is not up after {READY_SECONDS} s ({problems})."
                    f"{tail(self.var / 'log' / 'web.log')}{tail(self.var / 'log' / 'worker.log')}"
                )
            self._watch()
            time.sleep(0.2)

    def watch(self, until: Callable[[], bool]) -> None:
        """Keep supervisor and embedded servers alive until `until()`."""
        while not until():
            self._watch()
            time.sleep(WATCH_SECONDS)

    def run(self, *command: str) -> int:
        """Run a management command to its end, watching meanwhile; its exit status."""
        running = subprocess.Popen(
            [sys.executable, str(self.base / "manage.py"), *command],
            env=supervisor.environment(self.base, self.var),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.watch(until=lambda: running.poll() is not None)
        return int(running.returncode)

    def stop(self) -> None:
        """Stop the site's processes; the worker commits the batch that it works on first."""
        if self._supervisor and self._supervisor.poll() is None:
            self._supervisor.terminate()
            try:
                self._supervisor.wait(supervisor.STOP_SECONDS * 2)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
        Presence(self.var).end_orphans()

    def _watch(self) -> None:
        if self._lease:
            try:
                for name in self._lease.restart_dead():
                    self._say(f"{name} had died and was started again.")
            except ServerError as error:
                self._say(str(error))
        if self._supervisor and self._supervisor.poll() is not None:
            self._say("The supervisor had died and was started again.")
            Presence(self.var).end_orphans()
            self._supervisor = supervisor.start(self.base, self.var, self.port)

    def _problems(self) -> str:
        """What /health/ has to say against the site; "" when it is well."""
        try:
            with urllib.request.urlopen(f"{self.url}health/", timeout=5):  # noqa: S310 (ours)
                return ""
        except urllib.error.HTTPError as error:
            if error.code != 503:
                return f"/health/ answers {error.code}"
            found = json.loads(error.read())
            return ", ".join(f"{name}: {said}" for name, said in found.items() if said != "OK")
        except (OSError, ValueError) as error:
            return str(error)
