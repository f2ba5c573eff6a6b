"""PostgreSQL 18 with pgvector as an ordinary cluster of ours, on a unix socket only."""

import os
import shutil
import signal
import subprocess
from enum import Enum, auto
from pathlib import Path

import psutil
import psycopg

from embedsite.servers import binaries, paths, processes
from embedsite.servers.account import Account
from embedsite.servers.errors import ServerError
from embedsite.servers.logs import failed, keep_small, tail
from embedsite.servers.sizing import sized
from search_app.analysis import sql_role

START_SECONDS = 120  # crash recovery replays at most max_wal_size
_ROLE = "embedsite"


class Answer(Enum):
    """What a knock at the server's door brings."""

    UP = auto()
    REFUSED = auto()  # it runs, but has lost our role, password or database
    DOWN = auto()


class Postgres:
    """One cluster: `start` makes it when there is none, and mends what a crash left."""

    def __init__(self, layout: paths.Layout, user: Account, durable: bool = True) -> None:
        self.layout = layout
        self.user = user
        self.durable = durable
        self.data = layout.postgres
        self.log = layout.log / "postgres.log"

    def is_up(self) -> bool:
        """Whether the cluster lets our role in."""
        return self._knock() is Answer.UP

    def start(self) -> None:
        """Start the cluster unless it runs; raises ServerError with the log's end."""
        self._check_version()
        if not (self.data / "PG_VERSION").exists():
            self._create()
        if self._knock() is Answer.DOWN and not self._wait_for_running():
            self._prepare_sql()
            self._launch()
        if self._knock() is Answer.REFUSED:
            self._mend_role()
        if not self.is_up():
            raise ServerError(f"PostgreSQL started but does not let us in.{tail(self.log)}")

    def stop(self) -> None:
        """Stop the cluster; open sessions are ended, what was committed is kept."""
        if not self._is_mine(self._pid()):
            return
        self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", "60", "-s")
        processes.wait_until(self._is_gone, 5)

    def _knock(self) -> Answer:
        try:
            psycopg.connect(
                host=str(self.layout.sockets),
                user=_ROLE,
                dbname=_ROLE,
                password=paths.secret(self.layout.var, "postgres"),
                connect_timeout=5,
            ).close()
        except psycopg.OperationalError as error:
            text = str(error)
            if "connection slots" in text or "too many clients" in text:
                return Answer.UP
            mendable = ("password authentication failed", "does not exist", "not permitted to log")
            running = "FATAL" in text
            refused = running and any(part in text for part in mendable)
            return Answer.REFUSED if refused else Answer.DOWN
        return Answer.UP

    def _check_version(self) -> None:
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return
        if found != binaries.MAJOR:
            raise ServerError(
                f"{self.data} was made by PostgreSQL {found}; this release runs "
                f"{binaries.MAJOR}. Dump it with pg_dump {found}, move the folder away, start "
                "again and restore the dump."
            )

    def _create(self) -> None:
        """Make the cluster beside its place, and move it there only when it is whole."""
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        if self.data.exists() and any(self.data.iterdir()):
            raise ServerError(f"{self.data} is no PostgreSQL cluster: move it away first.")
        self.user.folder(fresh)
        self._run(
            *("initdb", "-D", str(fresh), "-U", "postgres", "-E", "UTF8", "--auth=reject"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *(() if self.durable else ("--no-sync",)),
        )
        self.user.write(fresh / "pg_hba.conf", "local all all scram-sha-256\n")
        with (fresh / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude_if_exists = 'embedsite.conf'\n")
        self._single(fresh, "template1", "CREATE EXTENSION vector;")
        self._single(fresh, "postgres", _role_sql(self.layout.var, "CREATE"))
        self._single(fresh, "postgres", f"CREATE DATABASE {_ROLE} OWNER {_ROLE};")
        if self.data.is_dir():
            self.data.rmdir()
        fresh.rename(self.data)

    def _mend_role(self) -> None:
        """Give role and database back when the password file or one of them was lost."""
        self.stop()
        existing = self._single(self.data, "postgres", "SELECT rolname FROM pg_roles;")
        verb = "ALTER" if f'"{_ROLE}"' in existing else "CREATE"
        self._single(self.data, "postgres", _role_sql(self.layout.var, verb))
        existing = self._single(self.data, "postgres", "SELECT datname FROM pg_database;")
        if f'"{_ROLE}"' not in existing:
            self._single(self.data, "postgres", f"CREATE DATABASE {_ROLE} OWNER {_ROLE};")
        self._launch()

    def _prepare_sql(self) -> None:
        """Give a cluster, once, the role that runs typed SQL, and close what it must not call."""
        done, wanted = self.data / "embedsite.sql_role", sql_role.VERSION
        if (done.exists() and done.read_text() == wanted) or self._is_mine(self._pid()):
            return
        self._clear_up()
        for statement in sql_role.role(paths.secret(self.layout.var, "postgres_sql")):
            self._single(self.data, "postgres", statement)
        for database in ("template1", _ROLE):
            for statement in sql_role.closed(_ROLE):
                self._single(self.data, database, statement)
        self.user.write(done, wanted)

    def _launch(self) -> None:
        self.user.folder(self.layout.sockets)
        self._clear_up()
        self.user.write(self.data / "embedsite.conf", self._configuration())
        keep_small(self.log)
        command = [self._program("pg_ctl"), "start", "-D", str(self.data)]
        command += ["-w", "-s", "-t", str(START_SECONDS)]
        with self.log.open("ab") as log:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                **self.user.popen,
            )
        if done.returncode:
            raise failed("The embedded PostgreSQL did not start", self.log)

    def _clear_up(self) -> None:
        """Remove what a crash left: the process ids in it may be others' by now."""
        if self._is_mine(self._pid()):
            return
        socket = self.layout.sockets / ".s.PGSQL.5432"
        for stale in (
            self.data / "postmaster.pid",
            socket,
            socket.with_name(socket.name + ".lock"),
        ):
            stale.unlink(missing_ok=True)

    def _wait_for_running(self) -> bool:
        """Whether a postmaster of ours, busy with starting or stopping, answers in the end."""
        processes.wait_until(
            lambda: self._is_gone() or self._knock() is not Answer.DOWN, START_SECONDS
        )
        if self._knock() is not Answer.DOWN:
            return True
        if self._is_mine(pid := self._pid()) and pid:
            os.kill(pid, signal.SIGQUIT)
        processes.wait_until(self._is_gone, 10)
        return False

    def _is_gone(self) -> bool:
        """No postmaster of ours runs, nor a child that outlived one killed by force."""
        if self._is_mine(self._pid()):
            return False
        for orphan in processes.find(self._is_of_cluster):
            orphan.send_signal(signal.SIGQUIT)
        return not processes.find(self._is_of_cluster)

    def _pid(self) -> int | None:
        return processes.from_pid_file(self.data / "postmaster.pid")

    def _is_mine(self, pid: int | None) -> bool:
        return processes.is_running(pid, self._is_of_cluster)

    def _is_of_cluster(self, process: psutil.Process) -> bool:
        return process.name() == "postgres" and processes.works_in(process, self.data)

    def _configuration(self) -> str:
        settings = sized(self.layout.home) | {
            "listen_addresses": "",
            "unix_socket_directories": str(self.layout.sockets),
            "unix_socket_permissions": "0700",
            "port": "5432",
            "log_timezone": "UTC",
            "timezone": "UTC",
            "fsync": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        return "# Written at each start.\n" + "".join(
            f"{name} = '{value}'\n" for name, value in settings.items()
        )

    def _single(self, data: Path, database: str, statement: str) -> str:
        """Run one statement without a server or a password, as only the files' owner can."""
        return self._run("postgres", "--single", "-D", str(data), database, stdin=statement)

    def _run(self, program: str, *arguments: str, stdin: str = "") -> str:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [self._program(program), *arguments],
            capture_output=True,
            text=True,
            cwd=self.layout.home,
            **(self.user.popen | {"input": stdin + "\n"}),
        )
        if done.returncode or "ERROR:" in done.stderr:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("a") as log:
                log.write(done.stdout + done.stderr)
            raise failed(f"{program} of the embedded PostgreSQL failed", self.log)
        return done.stdout

    def _program(self, name: str) -> str:
        return str(binaries.postgres(self.layout, self.user) / name)


def _role_sql(var: Path, verb: str) -> str:
    return f"{verb} ROLE {_ROLE} LOGIN CREATEDB PASSWORD '{paths.secret(var, 'postgres')}';"
