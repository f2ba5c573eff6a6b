"""Reading what attacks its readers, in child processes under limits.

`call` hands bytes to a function of the table in `sandbox_child`, in a child that is started
once and used again, and gives back what the function returned. A child that dies, hangs or
goes over a limit is replaced by the next call; the content that did it is Unreadable. Children
belong to the process that started them: one that was forked off starts its own, and when the
process ends, however it ends, its children are killed by the kernel.
"""

import logging
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .extracted import Unreadable
from .sandbox_process import Limits, Process
from .sandbox_wire import ClosedError

__all__ = ["Answer", "Limits", "call"]

logger = logging.getLogger(__name__)

_IDLE = 2  # children kept for the next calls


@dataclass(frozen=True)
class Answer:
    """What the function returned, and the most memory its child has had so far, in bytes."""

    values: dict[str, Any]
    blobs: tuple[bytes, ...]
    peak: int


_idle: list[Process] = []
_lock = threading.Lock()


def call(name: str, data: bytes, *, limits: Limits | None = None, **kwargs: Any) -> Answer:
    """`name` of the table, called with `data` and what JSON can hold.

    Raises Unreadable: what the function itself says, and what becomes of it under the limits.
    """
    limits = limits or Limits()
    process, fresh = _taken(limits)
    try:
        values, blobs = process.ask({"call": name, "kwargs": kwargs}, data)
    except (ClosedError, OSError, ValueError) as error:
        place = process.place()
        process.end()
        if process.overdue:
            raise Unreadable(_too_slow(limits), place) from error
        if process.retired and not fresh:  # it left by itself before it saw the request
            return call(name, data, limits=limits, **kwargs)
        raise Unreadable(_crashed(limits), place) from error
    except BaseException:
        process.end()
        raise
    place = process.place()
    _give_back(process, last=values["last"])
    try:
        return _answer(values, tuple(blobs), limits)
    except Unreadable as error:
        if values["outcome"] != "unreadable":  # else the reader has told what it knows
            error.place = place
        raise


def _answer(values: dict[str, Any], blobs: tuple[bytes, ...], limits: Limits) -> Answer:
    match values["outcome"]:
        case "ok":
            return Answer(values["values"], blobs, values["peak"])
        case "unreadable":
            raise Unreadable(values["reason"], values["place"])
        case "memory":
            raise Unreadable(_too_big(limits))
        case "depth":
            raise Unreadable("It is nested too deep to be read. Save it in a simpler form.")
        case _:
            logger.warning("Content could not be read.\n%s", values["trace"])
            raise Unreadable(f"The content could not be read ({values['reason']}).")


def _taken(limits: Limits) -> tuple[Process, bool]:
    """A child under these limits, and whether it is a new one."""
    with _lock:
        for process in _idle:
            if process.limits == limits:
                _idle.remove(process)
                return process, False
    return Process(limits), True


def _give_back(process: Process, last: bool) -> None:
    with _lock:
        if not last:
            _idle.append(process)
        leaving = [process] if last else _idle[:-_IDLE]
        for one in leaving:
            with suppress(ValueError):
                _idle.remove(one)
    for one in leaving:
        one.end()


def _forked() -> None:
    """In a process that was forked off: its parent's children are not its own."""
    global _lock
    _lock = threading.Lock()
    for process in _idle:
        process.let_go()
    _idle.clear()


os.register_at_fork(after_in_child=_forked)


def _too_slow(limits: Limits) -> str:
    return (
        f"Reading it took more than {limits.seconds} s (EXTRACT_SECONDS). "
        "Make the file smaller, or split it."
    )


def _too_big(limits: Limits) -> str:
    return (
        f"Reading it needed more than {limits.memory_mb} MB of memory (EXTRACT_MEMORY_MB). "
        "Make the file smaller, or split it."
    )


def _crashed(limits: Limits) -> str:
    return (
        f"Its reader crashed: the file is damaged, or needs more than {limits.memory_mb} MB of "
        "memory (EXTRACT_MEMORY_MB). Save it again, or split it."
    )
