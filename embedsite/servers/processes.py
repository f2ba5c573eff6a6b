"""Finding our own processes by what they are, since a process id alone may be another's."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import psutil


def from_pid_file(path: Path) -> int | None:
    """The process id in the first line of a pid file, if there is one."""
    try:
        return int(path.read_text().split(maxsplit=1)[0])
    except (OSError, ValueError, IndexError):
        return None


def is_running(pid: int | None, mine: Callable[[psutil.Process], bool]) -> bool:
    """Whether the process lives, is no zombie, and `mine` recognises it."""
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and mine(process)
    except psutil.Error:
        return False


def find(mine: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """All living processes that `mine` recognises."""
    return [process for process in psutil.process_iter() if is_running(process.pid, mine)]


def works_in(process: psutil.Process, folder: Path) -> bool:
    """Whether this is the process's working folder, be it gone since."""
    return process.cwd().removesuffix(" (deleted)") == str(folder.resolve())


def end(found: list[psutil.Process], patience: float) -> None:
    """Ask the processes to end, and kill those that have not after `patience` seconds."""
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(found, timeout=patience)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)


def wait_until(true: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Whether `true()` became true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
