"""What a process takes for true some seconds longer, where only a cost or a number needs it."""

import time
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Briefly(Generic[Value]):
    """Values by key, each for `seconds`; with `most` of them it begins anew."""

    def __init__(self, seconds: float = 10, most: int = 10_000) -> None:
        self._seconds, self._most = seconds, most
        self._kept: dict[object, tuple[float, Value]] = {}

    def get(self, key: object) -> Value | None:
        until, value = self._kept.get(key, (0.0, None))
        return value if until > time.monotonic() else None

    def keep(self, key: object, value: Value) -> Value:
        if len(self._kept) >= self._most:
            self._kept.clear()
        self._kept[key] = (time.monotonic() + self._seconds, value)
        return value

    def clear(self) -> None:
        self._kept.clear()
