"""Pytest plugin: the embedded servers, with files of their own, for the length of a test run.

Loaded by `-p` in pyproject.toml because pytest-django reads the settings before any conftest.
With DATABASE_URL or REDIS_URL set, the server that it names is used and none of ours starts.
"""

import os
from pathlib import Path

import pytest

os.environ["DJANGO_SETTINGS_MODULE"] = "embedsite.settings"
_var = Path(os.environ.get("EMBEDSITE_VAR") or Path(__file__).resolve().parents[1] / "var")
if _var.name != "test":  # a pytest-xdist worker inherits the name
    os.environ["EMBEDSITE_VAR"] = str(_var / "test")

from django.conf import settings  # noqa: E402

from embedsite.servers.lease import Lease  # noqa: E402

_lease = pytest.StashKey[Lease]()


def pytest_configure(config: pytest.Config) -> None:
    if not (settings.EMBEDDED_POSTGRES or settings.EMBEDDED_REDIS):
        return
    if config.option.collectonly:
        return
    lease = Lease(
        settings.VAR_DIR,
        postgres=settings.EMBEDDED_POSTGRES,
        redis=settings.EMBEDDED_REDIS,
        durable=False,
    )
    lease.take()
    config.stash[_lease] = lease


def pytest_unconfigure(config: pytest.Config) -> None:
    if lease := config.stash.get(_lease, None):
        lease.give_back()
