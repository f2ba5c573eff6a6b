"""Which operating system user runs the servers (PostgreSQL refuses root), and its folders."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedsite.servers import paths
from embedsite.servers.errors import ServerError

NAME = "embedsite"


@dataclass(frozen=True)
class Account:
    """The user that owns the servers' processes and files."""

    name: str
    uid: int
    gid: int

    @property
    def popen(self) -> dict[str, Any]:
        """Arguments that make `subprocess` run as this user, in a clean environment."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        arguments: dict[str, Any] = {"env": environment}
        if self.uid != os.geteuid():
            arguments |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return arguments

    def folder(self, path: Path) -> Path:
        """Make `path` a folder that this user alone can enter; refuse another's or a symlink."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir(mode=0o700)
            self.give(path)
        except FileExistsError:
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.uid:
                raise ServerError(
                    f"{path} should be a folder of the user {self.name}, but is not: "
                    "look at what it is, then move it away and start again."
                ) from None
            path.chmod(0o700)
        return path

    def write(self, path: Path, text: str) -> Path:
        """Write a file that this user alone can read."""
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(text)
        self.give(fresh)
        return fresh.replace(path)

    def give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account(layout: paths.Layout) -> Account:
    """The user of an existing cluster, else ourselves, else (for root) one without rights.

    Raises ServerError when the files belong to a user that we cannot become.
    """
    owner = _owner(layout.postgres)
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise ServerError(
                f"{layout.postgres} belongs to another user (uid {owner}). Run the command as "
                "that user or as root, or choose another folder with EMBEDSITE_VAR."
            )
        return _account(pwd.getpwuid(os.geteuid()))
    if owner:
        return _account(pwd.getpwuid(owner))
    return _account(_system_user())


def open_up(layout: paths.Layout, user: Account) -> None:
    """Make the folders that lead to the servers' files, and see that `user` can pass them."""
    for folder, mode in (
        (layout.var, 0o711),
        (layout.home, 0o711),
        (layout.locks, 0o711),
        (layout.log, 0o700),
        (layout.var / "media", 0o700),
    ):
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    if not paths.reachable(layout.home, user.uid):
        raise ServerError(
            f"The user {user.name}, which runs PostgreSQL because root may not, cannot reach "
            f"{layout.home}: allow others to pass its parent folders (chmod o+x)."
        )
    if layout.home != layout.var:
        for name in ("postgres", "redis"):
            link = layout.var / name
            if not link.is_symlink():
                link.symlink_to(layout.home / name)


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid or None
    except FileNotFoundError:
        return None
    except PermissionError:
        return -1


def _system_user() -> pwd.struct_passwd:
    if not _known(NAME) and shutil.which("useradd"):
        command = ["useradd", "--system", "--user-group", "--no-create-home"]
        command += ["--home-dir", str(paths.FALLBACK), "--shell", "/usr/sbin/nologin", NAME]
        subprocess.run(command, capture_output=True, check=False)
    for name in (NAME, "postgres", "nobody"):
        if found := _known(name):
            return found
    raise ServerError(
        "PostgreSQL may not run as root, and there is no other user to run it: make one with "
        f"`useradd --system {NAME}`, or set DATABASE_URL to a server of yours."
    )


def _known(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
