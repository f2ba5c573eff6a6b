"""Servers with files of their own, for the tests that start, kill and stop them."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from embedsite.servers import paths, processes
from embedsite.servers.lease import Lease


@pytest.fixture(scope="module")
def make_var() -> Iterator[Callable[[], Path]]:
    """Makes state folders, with a space in their names, and clears up after each."""
    made: list[Path] = []

    def make() -> Path:
        var = Path(tempfile.mkdtemp(prefix="embedsite test "))
        var.chmod(0o711)
        made.append(var)
        return var

    yield make
    for var in made:
        clear(var)


@pytest.fixture
def var(make_var: Callable[[], Path]) -> Path:
    return make_var()


def clear(var: Path) -> None:
    """Stop what still runs below `var` and remove all its files."""
    layout = paths.layout(var)
    lease = Lease(var, postgres=False)  # wants nothing, so the last one out stops all
    lease.take()
    lease.give_back()
    shutil.rmtree(var)
    for folder in (layout.home, layout.sockets):
        shutil.rmtree(folder, ignore_errors=True)
    if layout.sockets.parent.parent == paths.FALLBACK:
        shutil.rmtree(layout.sockets.parent, ignore_errors=True)


def servers(var: Path) -> list[str]:
    """The names of the embedded servers' processes of `var`."""
    layout = paths.layout(var)
    names = []
    for process in psutil.process_iter():
        try:
            if process.name() in ("postgres", "redis-server") and any(
                processes.works_in(process, folder) for folder in (layout.postgres, layout.redis)
            ):
                names.append(process.name())
        except psutil.Error:
            continue
    return sorted(set(names))


def environment(var: Path, **more: str) -> dict[str, str]:
    """For commands in a process of their own: servers and files of `var`, nothing inherited."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"EMBEDSITE_VAR": str(var)} | more
