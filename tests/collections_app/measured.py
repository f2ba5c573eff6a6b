"""Hostile bytes read in a process of their own, whose memory and time are measured.

`python -m tests.collections_app.measured members FILE` prints what `measured` returns.
"""

import dataclasses
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_MEGABYTES, MOST_SECONDS = 512, 60


@dataclass(frozen=True)
class Measured:
    """What came out, the error that ended it (if any), and what it cost."""

    taken: dict[str, int]  # name: bytes
    left_out: dict[str, str]  # name: reason
    error: str
    megabytes: float
    seconds: float


def measured(reader: str, path: Path) -> Measured:
    """Fails when the process does not end by itself, in time and within its memory."""
    command = [sys.executable, "-m", "tests.collections_app.measured", reader, str(path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = Measured(**json.loads(done.stdout))
    assert found.megabytes < MOST_MEGABYTES
    return found


def _members(path: Path) -> tuple[dict[str, int], dict[str, str], str]:
    from collections_app.pipeline.containers import Limits, Member, Unreadable, members

    taken, left_out = {}, {}
    try:
        for one in members(path, "", Limits()):
            if isinstance(one, Member):
                taken[one.name] = len(one.data)
            else:
                left_out[one.name] = one.reason
    except Unreadable as error:
        return taken, left_out, str(error)
    return taken, left_out, ""


def _image(path: Path) -> tuple[dict[str, int], dict[str, str], str]:
    from collections_app.pipeline import images
    from collections_app.pipeline.extracted import Unreadable

    data = path.read_bytes()
    try:
        images.describe(data)
        size, (served, thumbnail) = images.copy(data)
    except Unreadable as error:
        return {}, {}, str(error)
    return {**size, "served": len(served), "thumbnail": len(thumbnail)}, {}, ""


def _peak_megabytes() -> float:
    """Of this program alone: what getrusage tells includes the one that started it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc does not tell the memory used")


def main() -> None:
    begun = time.monotonic()
    reader = {"members": _members, "image": _image}[sys.argv[1]]
    taken, left_out, error = reader(Path(sys.argv[2]))
    found = Measured(taken, left_out, error, _peak_megabytes(), time.monotonic() - begun)
    sys.stdout.write(json.dumps(dataclasses.asdict(found)))


if __name__ == "__main__":
    main()
