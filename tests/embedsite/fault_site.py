"""A site whose worker, beat and servers are processes of their own, to be killed and halted."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

from embedsite.servers import paths, processes
from embedsite.servers.lease import Lease
from tests.embedsite.conftest import environment

WORKER = ["-A", "embedsite", "worker", "--concurrency", "2", "--loglevel", "info"]
WORKER += ["--without-gossip", "--without-mingle"]


class Site:
    """A worker, a beat and the embedded servers, in processes of their own."""

    def __init__(self, var: Path, **more: str) -> None:
        self.var = var
        self.notes = var / "encoded"
        self.environment = environment(var, **({"LEASE_SECONDS": "3"} | more))
        self.lease = Lease(var, redis=True)
        self.lease.take()
        self.database, self.broker = self.lease._wanted
        self.running: list[subprocess.Popen[bytes]] = []

    def manage(self, script: str) -> str:
        """Run the script with the site's own settings; what it prints."""
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", script]
        done = subprocess.run(
            command, env=self.environment, check=True, timeout=300, stdout=subprocess.PIPE
        )
        return done.stdout.decode()

    def start(self, *command: str, **more: str) -> "subprocess.Popen[bytes]":
        log = (self.var / "log" / "processes.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env=self.environment | more,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.running.append(process)
        return process

    def start_worker(self, seconds: float = 0.02, **more: str) -> "subprocess.Popen[bytes]":
        """A worker that takes `seconds` for each text; `more` goes to its environment."""
        watched = "tests.embedsite.watched_worker"
        return self.start(watched, str(self.notes), str(seconds), *WORKER, **more)

    def start_beat(self) -> "subprocess.Popen[bytes]":
        return self.start("celery", "-A", "embedsite", "beat", "--pidfile=", "--max-interval", "1")

    def calls(self) -> list[tuple[str, int, str]]:
        """The digest of each text that was encoded, which process did it, and whether that was
        "begun" or "done", in order."""
        written = self.notes.read_text().split() if self.notes.exists() else []
        return list(zip(written[::3], map(int, written[1::3]), written[2::3], strict=True))

    def encoded(self) -> list[str]:
        return [digest for digest, _pid, what in self.calls() if what == "begun"]

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        entry = paths.database(self.var)
        with psycopg.connect(
            host=entry["HOST"],
            user=entry["USER"],
            dbname=entry["NAME"],
            password=entry["PASSWORD"],
        ) as connection:
            return connection.execute(query).fetchall()

    def ready(self) -> int:
        [(count,)] = self.ask("SELECT count(*) FROM collections_app_document WHERE state = 'ready'")
        return count

    def committed(self) -> set[str]:
        return {row[0] for row in self.ask("SELECT content_hash FROM collections_app_vector")}

    def wait_for(self, count: int) -> None:
        reached = processes.wait_until(lambda: self.ready() >= count, 240, pause=0.1)
        assert reached, self.log_end()

    def log_end(self) -> str:
        return (self.var / "log" / "processes.log").read_text()[-4000:]

    def wait_for_a_batch_in_flight(self) -> None:
        flying = processes.wait_until(lambda: len(set(self.encoded()) - self.committed()) > 0, 240)
        assert flying, self.log_end()

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """The process with all its children, without a word."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self.running:
            self.kill(process)
        self.lease.give_back()
