"""Counting the tokens that models elsewhere are given, as their servers count them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Meter:
    tokens: int = 0


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """What encoders that are called inside, in this thread, say that they used."""
    meter = Meter()
    before = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(before)


def add(tokens: int) -> None:
    if meter := _meter.get():
        meter.tokens += tokens
