"""The child process: `python -m collections_app.pipeline.sandbox_child MEGABYTES`.

It imports the pipeline, no Django and no model, and answers one request after the other until
its parent closes the pipe.
"""

import fcntl
import os
import resource
import select
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from . import sandbox_place
from .extracted import Unreadable
from .sandbox_process import LIFE, PLACE
from .sandbox_wire import ClosedError, receive, send

# What can be called: `function(data, **kwargs)` returns what JSON can hold as a dict, or a
# pair of such a dict and a list of bytes.
FUNCTIONS = {
    "extract": "collections_app.pipeline.reading:packed",
    "attachments": "collections_app.pipeline.attachments:packed",
    "symbols": "collections_app.pipeline.code.reading:packed",
    "describe_image": "collections_app.pipeline.images:describe",
    "copy_image": "collections_app.pipeline.images:copy",
}
IDLE_SECONDS = 300
MOST_CALLS = 500
_FILES = 64  # open at once

Returned = tuple[dict[str, Any], list[bytes]]


def main() -> None:
    memory = int(sys.argv[1]) << 20
    _limit(memory)
    answers = os.dup(1)
    os.set_inheritable(answers, False)
    os.dup2(2, 1)  # what a library prints is no answer
    for count in range(1, MOST_CALLS + 1):
        if not select.select([0], [], [], IDLE_SECONDS)[0]:
            return
        try:
            request, (data,) = receive(0)
        except ClosedError:
            return
        values, blobs = _answered(request, data)
        peak = _peak()
        # Memory that one file has torn up is not there for the next.
        last = count == MOST_CALLS or 2 * peak > memory or values["outcome"] == "memory"
        send(answers, values | {"peak": peak, "last": last}, blobs)
        if last:
            return


def _limit(memory: int) -> None:
    """Limits that nothing in this process can lift again, and an end with the parent's."""
    os.chdir("/")
    sandbox_place.share(PLACE)
    os.closerange(LIFE + 1, 4096)
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        resource.setrlimit(kind, (most, most))
    # The kernel sends SIGIO, which ends this process, when the last holder of the pipe's other
    # end is gone: also while a library that never comes back to Python is at work.
    os.set_inheritable(LIFE, False)
    if hasattr(fcntl, "F_SETOWN"):
        fcntl.fcntl(LIFE, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(LIFE, fcntl.F_GETFL)
        fcntl.fcntl(LIFE, fcntl.F_SETFL, flags | getattr(os, "O_ASYNC", fcntl.FASYNC))


def _answered(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    try:
        _limit_time(request["seconds"])
        values, blobs = _called(request["call"], data, request["kwargs"])
    except Unreadable as error:
        return {"outcome": "unreadable", "reason": str(error), "place": error.place}, []
    except MemoryError:
        return {"outcome": "memory"}, []
    except RecursionError:
        return {"outcome": "depth"}, []
    except Exception as error:  # parsers on hostile input raise anything
        trace = traceback.format_exc(limit=-8)
        return {"outcome": "failed", "reason": repr(error)[:500], "trace": trace[-4000:]}, []
    return {"outcome": "ok", "values": values}, blobs


def _limit_time(seconds: int) -> None:
    """Should nobody be there to stop it by the clock, the kernel stops it by its work."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + seconds + 2
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _called(name: str, data: bytes, kwargs: dict[str, Any]) -> Returned:
    module, _, function = FUNCTIONS[name].partition(":")
    wanted: Callable[..., dict[str, Any] | Returned] = getattr(import_module(module), function)
    found = wanted(data, **kwargs)
    return found if isinstance(found, tuple) else (found, [])


def _peak() -> int:
    """The most memory this process has had, in bytes. What rusage says of a process begins
    with what its parent had."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) << 10
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


if __name__ == "__main__":
    main()
