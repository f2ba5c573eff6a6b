"""How many cores this process may use: the machine's, its own share of them, or its container's."""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """At least 1. An engine with more threads than this would wait for itself."""
    try:
        ours = len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux tells
        ours = os.cpu_count() or 1
    return max(1, min(ours, math.ceil(quota(CGROUP) or ours)))


def quota(cgroup: Path) -> float | None:
    """Cores that the control group pays for, of version 2 or 1; None where it sets no limit."""
    try:
        if (new := cgroup / "cpu.max").is_file():
            allowed, period = new.read_text().split()
        else:
            allowed = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        return int(allowed) / int(period) if int(allowed) > 0 else None
    except (OSError, ValueError):  # no control groups, or "max"
        return None
