"""What the measurements share: a site of their own under var/bench, content, and figures."""

import contextlib
import logging
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VAR = Path(os.environ.get("EMBEDSITE_VAR") or ROOT / "var") / "bench"
NOTES = ROOT.parent / "shared" / "data" / "til"


@contextlib.contextmanager
def site() -> Iterator[None]:
    """Django with an embedded database and Redis of the measurements' own, migrated and empty."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "embedsite.settings", "EMBEDSITE_VAR": str(VAR)}
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    import django
    from django.core.management import call_command
    from django.db import connection

    from embedsite.servers.lease import held

    django.setup()
    from django.conf import settings

    from search_app.queries import indexes

    logging.getLogger("django").setLevel("WARNING")
    with held(VAR, redis=True):
        call_command("migrate", verbosity=0)
        call_command("flush", verbosity=0, interactive=False)
        indexes.maintain(settings.HNSW_THRESHOLD)  # those of collections that are gone go
        try:
            yield
        finally:
            connection.close()


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median(values: list[float]) -> float:
    return statistics.median(values)


def peak_mb(pid: int) -> int:
    """The most memory that a process has used so far; 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(one.split()[1]) // 1024 for one in lines if one.startswith("VmHWM")), 0)


def machine() -> str:
    """The processor, its cores, and how busy they are with other things."""
    cpu = Path("/proc/cpuinfo")
    names = [line for line in cpu.read_text().splitlines() if line.startswith("model name")]
    name = names[0].split(":")[1].strip() if names else platform.processor()
    load = os.getloadavg()[0]
    return f"{name}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"
