"""Progress on the terminal: a bar, or a line now and then where output goes to a file."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from django.core.management.base import OutputWrapper
from tqdm import tqdm

LINE_SECONDS = 10.0


class Meter:
    """Counts `total` documents, of which `left` are still to be embedded."""

    def __init__(self, total: int, left: int, out: TextIO | OutputWrapper) -> None:
        self._total = total
        self._out = out
        self._began = self._said = time.monotonic()
        self._at_first = self._done = total - left
        self._bar = tqdm(
            total=total,
            initial=self._done,
            desc="Embedding",
            unit=" documents",
            disable=not sys.stderr.isatty(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()

    def show(self, left: int) -> None:
        """Say how many are left now."""
        done = max(self._done, self._total - left)
        self._bar.update(done - self._done)
        self._done = done
        now = time.monotonic()
        if self._bar.disable and (now - self._said > LINE_SECONDS or not left):
            self._said = now
            rate = (done - self._at_first) / max(now - self._began, 0.1)
            self._out.write(f"Embedded {done} of {self._total} documents, {rate:.0f}/s.\n")
            self._out.flush()
