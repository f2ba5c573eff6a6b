"""Where the embedded servers live, and how to reach them: names only, nothing starts."""

import hashlib
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search_app.analysis import sql_role

# Where root keeps the servers' files when their own user cannot reach the checkout.
FALLBACK = Path("/var/lib/embedsite")
# A unix socket's path may have 107 bytes; PostgreSQL adds "/.s.PGSQL.5432" to the folder.
_PLAIN = re.compile(r"[A-Za-z0-9/._-]{1,79}", re.ASCII)


@dataclass(frozen=True)
class Layout:
    """The folders of one installation; `home` differs from `var` only for root."""

    var: Path
    home: Path
    sockets: Path

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def redis(self) -> Path:
        return self.home / "redis"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def locks(self) -> Path:
        return self.home / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"


def secret(var: Path, name: str) -> str:
    """The random secret kept in `var/secrets/<name>`, made on first use (mode 0600)."""
    path = var / "secrets" / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    var.mkdir(mode=0o711, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle, fresh = tempfile.mkstemp(dir=path.parent)  # 0600 from its first moment
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(fresh, path)  # fails when another process was first: then theirs counts
    except FileExistsError:
        pass
    finally:
        os.unlink(fresh)
    return path.read_text().strip()


def layout(var: Path) -> Layout:
    """Where things are for the state folder `var` and the user we are."""
    home = _home(var)
    return Layout(var, home, _sockets(home))


def reachable(path: Path, uid: int) -> bool:
    """Whether the user `uid` may pass through every folder down to `path`."""
    for folder in [path, *path.parents]:
        try:
            found = folder.stat()
        except FileNotFoundError:
            continue
        needed = 0o100 if found.st_uid == uid else 0o001
        if not found.st_mode & needed:
            return False
    return True


def database(var: Path) -> dict[str, Any]:
    """Django's DATABASES entry for the embedded PostgreSQL."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "embedsite",
        "USER": "embedsite",
        "PASSWORD": secret(var, "postgres"),
        "HOST": str(layout(var).sockets),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


def reader(var: Path) -> dict[str, str]:
    """How the role that runs typed SQL reaches the embedded PostgreSQL."""
    return {
        "host": str(layout(var).sockets),
        "user": sql_role.ROLE,
        "password": secret(var, "postgres_sql"),
    }


def redis_url(var: Path) -> str:
    """The broker URL of the embedded Redis, over its unix socket, as kombu spells it."""
    return f"redis+socket://{layout(var).redis_socket}"


def _home(var: Path) -> Path:
    cluster = var / "postgres"
    if cluster.is_symlink():
        return cluster.readlink().parent
    if os.geteuid() != 0 or cluster.is_dir() or reachable(var, uid=-1):
        return var
    return FALLBACK / _digest(var)


def _sockets(home: Path) -> Path:
    folder = home / "run" / "sockets"
    if _PLAIN.fullmatch(str(folder)):
        return folder
    if os.geteuid() == 0:
        return FALLBACK / _digest(home) / "sockets"
    return Path("/tmp") / f"embedsite-{os.geteuid()}-{_digest(home)}"  # noqa: S108 (0700, checked)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
