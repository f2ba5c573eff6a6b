"""A real Celery worker whose encoder notes each text, and that can be made to fail.

    python -m tests.embedsite.watched_worker FILE SECONDS CELERY-WORDS...

FILE gets a line per text, its digest, who encodes it and "begun", before the texts are encoded,
and such a line with "done" after that.
SECONDS is how long each text takes, so that a test can stop things in the middle of a batch.
From the environment:

EMBEDSITE_FAULT   SIGNAL:POINT, such as KILL:encode: the first child that comes to the point sends
                  itself the signal, once (FILE.fault keeps its number). The points are
                  claim, read, encode, before_commit (all is written) and after_commit.
EMBEDSITE_AHEAD   how many seconds the worker's clock is ahead.

A document with DEADLY in its text kills whatever reads it, each time.
"""

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import django
import numpy as np

from embedsite.celery import app

django.setup()

from collections_app import encoders, vectors  # noqa: E402
from collections_app.ingest.read import Reader, Reading  # noqa: E402
from collections_app.models import Document, EmbeddingModel  # noqa: E402

DEADLY = "Deadly"


class Fault:
    """What is to happen at one point, in the child that is the first to come there."""

    def __init__(self, wanted: str, file: Path) -> None:
        self._signal, _colon, self._point = wanted.partition(":")
        self._file = file

    def at(self, point: str) -> None:
        if point != self._point:
            return
        try:
            with self._file.open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            return
        os.kill(os.getpid(), getattr(signal, f"SIG{self._signal}"))
        time.sleep(0.05)  # a signal to oneself may come a moment later

    def after(self, point: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, followed by the point."""

        def done(*args: Any, **kwargs: Any) -> Any:
            result = work(*args, **kwargs)
            self.at(point)
            return result

        return done


class NotingEncoder:
    """The model's own encoder, which first writes down what it is asked."""

    def __init__(self, encoder: encoders.Encoder, path: str, seconds: float, fault: Fault) -> None:
        self._encoder = encoder
        self._path = path
        self._seconds = seconds
        self._fault = fault

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self._note(texts, "begun")
        time.sleep(self._seconds * len(texts))
        self._fault.at("encode")
        made = self._encoder.encode(texts)
        self._note(texts, "done")
        return made

    def _note(self, texts: Sequence[str], what: str) -> None:
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        lines = [f"{digest} {os.getpid()} {what}\n" for digest in digests]
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, "".join(lines).encode())
        os.close(handle)


def set_faults(fault: Fault) -> None:
    """Put the points into the ingest of this process and of those forked from it."""
    read = fault.after("read", Reader.read)

    def deadly(reader: Reader, document: Document) -> Reading:
        if DEADLY in (document.body or ""):
            os.kill(os.getpid(), signal.SIGKILL)
        return read(reader, document)

    Reader.read = deadly
    names = ("claim", "finish", "line", "work")
    claim, finish, line, work = (import_module(f"collections_app.ingest.{name}") for name in names)
    claim.SHORT_BYTES = 0  # the documents are short, and are to be of several claims
    work.claim = fault.after("claim", work.claim)
    finish._write_states = fault.after("before_commit", finish._write_states)
    line.Ingest.finish = staticmethod(fault.after("after_commit", line.Ingest.finish))


def shift_clock(seconds: float) -> None:
    """What Celery, Django and our own code are told of the time is ahead from here on."""
    real = time.time
    time.time = lambda: real() + seconds

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(seconds=seconds)

    ours = ("celery", "kombu", "django.", "collections_app", "search_app")
    for name, module in list(sys.modules.items()):
        if name.startswith(ours) and getattr(module, "datetime", None) is datetime:
            module.datetime = Ahead


def main(path: str, seconds: float, words: list[str]) -> None:
    load = vectors.encoder
    fault = Fault(os.environ.get("EMBEDSITE_FAULT", ""), Path(path + ".fault"))

    def noting(model: EmbeddingModel) -> NotingEncoder:
        return NotingEncoder(load(model), path, seconds, fault)

    vectors.encoder = noting  # the worker's children are forked from this process
    set_faults(fault)
    if ahead := float(os.environ.get("EMBEDSITE_AHEAD", 0)):
        import celery.worker.request  # noqa: F401 (it asks for the time, so it must be there)

        shift_clock(ahead)
    app.start(words)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
