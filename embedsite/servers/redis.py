"""Redis as the broker, on a unix socket in a folder that only its user can enter."""

import subprocess

import psutil
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from embedsite.servers import binaries, paths, processes
from embedsite.servers.account import Account
from embedsite.servers.logs import failed, keep_small

START_SECONDS = 30


class Redis:
    """One redis-server that keeps an append-only file in `redis/`."""

    def __init__(self, layout: paths.Layout, user: Account, durable: bool = True) -> None:
        self.layout = layout
        self.user = user
        self.durable = durable
        self.data = layout.redis
        self.log = layout.log / "redis.log"
        self.pid_file = layout.sockets / "redis.pid"

    def is_up(self) -> bool:
        """Whether it answers and still has the folder that it writes to."""
        if not self.data.is_dir():
            return False
        try:
            with self._client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def start(self) -> None:
        """Start it unless it runs; raises ServerError with the log's end."""
        if self.is_up():
            return
        self.stop()
        self.user.folder(self.data)
        self.user.folder(self.layout.sockets)
        self.layout.redis_socket.unlink(missing_ok=True)
        configuration = self.user.write(self.layout.sockets / "redis.conf", self._configuration())
        program = binaries.redis_server(self.layout, self.user)
        keep_small(self.log)
        with self.log.open("ab") as log:
            # The shell leaves at once, so that init and not we must reap the server.
            subprocess.run(
                ["/bin/sh", "-c", '"$0" "$1" &', str(program), str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                start_new_session=True,
                check=True,
                **self.user.popen,
            )
        if not processes.wait_until(self.is_up, START_SECONDS):
            raise failed("The embedded Redis did not start", self.log)

    def stop(self) -> None:
        """End it, by force when it does not answer to SIGTERM (which saves first)."""
        pid = processes.from_pid_file(self.pid_file)
        found = [psutil.Process(pid)] if pid and processes.is_running(pid, self._is_mine) else []
        found = found or processes.find(self._is_mine)
        processes.end(found, patience=10 if self.data.is_dir() else 1)

    def _client(self) -> redis.Redis:
        """A client that asks once: by itself it would try for four seconds."""
        once = Retry(NoBackoff(), retries=0)
        return redis.Redis(
            unix_socket_path=str(self.layout.redis_socket), socket_timeout=5, retry=once
        )

    def _is_mine(self, process: psutil.Process) -> bool:
        return process.name() == "redis-server" and processes.works_in(process, self.data)

    def _configuration(self) -> str:
        settings = {
            "port": "0",
            "unixsocket": _quoted(self.layout.redis_socket),
            "unixsocketperm": "700",
            "pidfile": _quoted(self.pid_file),
            "dir": _quoted(self.data),
            "appendonly": "yes",
            "appendfsync": "everysec" if self.durable else "no",
            "save": '""',
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())


def _quoted(value: object) -> str:
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
