"""The git program, on a short leash: no hooks, no prompts, no protocol but HTTP, no links.

It runs as a child with limits on memory, time and the size of what it writes, with nothing of
our environment and no configuration but what is given here. Objects are read by plumbing
commands; nothing is ever checked out.
"""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

from collections_app.sources import addresses
from collections_app.sources.items import Unlisted

FETCH_SECONDS = 600
LIST_SECONDS = 120
CPU_SECONDS = 600
MEMORY_BYTES = 2 * 1024**3
REPOSITORY_BYTES = 1024**3  # of one file that git writes: the pack
CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.alternateRefsCommand": "true",
    "core.bigFileThreshold": "1m",  # larger ones are copied, not held in memory
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "100",
    "http.lowSpeedTime": "60",
    "http.proxy": "",
    "maintenance.auto": "false",
    "safe.directory": "*",  # we only read
    "transfer.bundleURI": "false",
}


@dataclass(frozen=True)
class Entry:
    """A file in a tree: its path, the hash of its content, and its size in bytes."""

    path: str
    sha: str
    size: int


def is_there() -> bool:
    return shutil.which("git") is not None


@contextmanager
def fetched(url: str, branch: str, token: str) -> Iterator[Path]:
    """A repository that holds the branch's last commit as FETCH_HEAD; gone afterwards.

    Raises Unlisted and addresses.Refused.
    """
    config = dict(CONFIG)
    target = addresses.parse(url)
    address = addresses.vetted(target.host, target.port)[0]
    shown = f"[{address}]" if ":" in address else address
    config["http.curloptResolve"] = f"{target.host}:{target.port}:{shown}"
    if token:
        config["http.extraHeader"] = f"Authorization: {token}"
    with tempfile.TemporaryDirectory(dir=_folder(), prefix="git-") as name:
        repository = Path(name)
        _run(repository, ["init", "-q", "--bare", "--template=", "."], config, LIST_SECONDS)
        wanted = [branch] if branch else ["HEAD"]
        options = ["--depth=1", "--no-tags", "--no-write-commit-graph", "--no-auto-maintenance"]
        _run(
            repository,
            ["fetch", "-q", *options, "--", str(target), *wanted],
            config,
            FETCH_SECONDS,
            protocols="http:https",
        )
        yield repository


def files(repository: Path, commit: str) -> list[Entry]:
    """Regular files of the commit, links and submodules left out. Raises Unlisted."""
    command = ["ls-tree", "-r", "-z", "--long", "--full-tree", "--end-of-options", commit]
    listed = _run(repository, command, CONFIG, LIST_SECONDS)
    found = []
    for line in listed.split(b"\0")[:-1]:
        about, _tab, path = line.partition(b"\t")
        mode, kind, sha, size = about.decode().split()
        if kind == "blob" and mode in ("100644", "100755"):
            found.append(Entry(path.decode("utf-8", "replace"), sha, int(size)))
    return found


class Objects:
    """Contents by their hashes, from one process that answers one after another."""

    def __init__(self, repository: Path) -> None:
        self._process = _started(repository, ["cat-file", "--batch"], CONFIG, "none")

    def __enter__(self) -> "Objects":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def read(self, entry: Entry) -> bytes:
        """All bytes of the entry, whose size is known to be small enough. Raises OSError."""
        given, answers = self._process.stdin, self._process.stdout
        assert given is not None
        assert answers is not None
        given.write(f"{entry.sha}\n".encode())
        given.flush()
        head = answers.readline(200).split()
        if len(head) != 3 or int(head[2]) != entry.size:
            raise OSError(_("git does not find it"))
        return _exactly(answers, entry.size + 1)[:-1]


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise OSError(_("git stopped in the middle"))
    return data


def _run(
    repository: Path,
    words: Sequence[str],
    config: dict[str, str],
    seconds: int,
    protocols: str = "none",
) -> bytes:
    """What the command prints. Raises Unlisted with what it said."""
    with _started(repository, words, config, protocols) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            message = _("git took longer than %(seconds)d seconds.") % {"seconds": seconds}
            raise Unlisted(message) from error
    if process.returncode:
        said = " ".join(errors.decode("utf-8", "replace").split())[-400:]
        raise Unlisted(_("git says: %s") % (said or process.returncode))
    return output


def _started(
    repository: Path, words: Sequence[str], config: dict[str, str], protocols: str
) -> "subprocess.Popen[bytes]":
    """The program with its limits. Raises Unlisted where it is not installed."""
    try:
        process = subprocess.Popen(
            ["git", *words],
            cwd=repository,
            env=_environment(config, protocols, repository),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise Unlisted(_("git is not installed on this server."), again=False) from error
    _limit(process.pid)
    return process


def _environment(config: dict[str, str], protocols: str, repository: Path) -> dict[str, str]:
    """All that git sees. Configuration goes here, not into the arguments, which others on the
    machine can read."""
    found = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_DIR": str(repository),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ALLOW_PROTOCOL": protocols,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CONFIG_COUNT": str(len(config)),
    }
    for number, (name, value) in enumerate(config.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def _limit(pid: int) -> None:
    """From outside: what runs between fork and exec may hang in a process with threads."""
    if not hasattr(resource, "prlimit"):  # Linux has it
        return
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, REPOSITORY_BYTES),
    ):
        with suppress(ProcessLookupError):  # it is done already
            resource.prlimit(pid, kind, (most, most))


def _folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
