"""PostgreSQL's settings, sized from the machine."""

import os
from pathlib import Path

import psutil

MB = 1024 * 1024


def sized(home: Path) -> dict[str, str]:
    """Memory, WAL and worker settings for this machine, which the site shares with the model."""
    memory = psutil.virtual_memory().total // MB
    free_disk = psutil.disk_usage(str(home)).free // MB
    cores = os.cpu_count() or 1
    maintenance = _between(64, memory // 16, 2048)
    return {
        "shared_buffers": f"{_between(128, memory // 8, 4096)}MB",
        "effective_cache_size": f"{_between(256, memory // 2, 65536)}MB",
        "maintenance_work_mem": f"{maintenance}MB",
        "dynamic_shared_memory_type": "posix" if _shared_memory() > maintenance else "mmap",
        "work_mem": f"{_between(4, memory // 512, 64)}MB",
        "max_wal_size": f"{_between(256, free_disk // 20, 4096)}MB",
        "max_parallel_maintenance_workers": str(_between(0, cores - 1, 8)),
        "max_parallel_workers": str(_between(1, cores, 8)),
    }


def _shared_memory() -> int:
    """Free megabytes for shared memory, which containers keep small; index builds need it."""
    try:
        return psutil.disk_usage("/dev/shm").free // MB  # noqa: S108
    except OSError:
        return 0


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))
