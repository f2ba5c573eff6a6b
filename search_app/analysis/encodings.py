"""One vector in the forms that people copy it in, its norms, and a picture of its values."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PICTURE_HEIGHT = 100.0  # of the picture's box, in its own units; zero is in the middle


def as_bytes(vector: NDArray[Any]) -> bytes:
    """Float32, little-endian: four bytes a number, as the `llm` tool keeps vectors."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def as_hex(vector: NDArray[Any]) -> str:
    return as_bytes(vector).hex()


def as_base64(vector: NDArray[Any]) -> str:
    return base64.b64encode(as_bytes(vector)).decode("ascii")


def as_json(vector: NDArray[Any]) -> str:
    """A JSON array in the shortest digits that read back as the same float32."""
    return "[" + ", ".join(str(np.float32(value)) for value in vector) + "]"


def decoded(text: str) -> NDArray[np.float32]:
    """A vector from what `as_json`, `as_hex` or `as_base64` gave. Raises ValueError."""
    text = text.strip()
    if text.startswith("["):
        values = np.array(json.loads(text), dtype=np.float32)
    else:
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            raw = base64.b64decode(text, validate=True)
        values = np.frombuffer(raw, dtype="<f4").astype(np.float32)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError("not a vector of finite numbers")
    return values


@dataclass(frozen=True)
class Norms:
    """Lengths of a vector: the sum of the absolute values, the Euclidean one, the largest."""

    l1: float
    l2: float
    largest: float


def norms(vector: NDArray[Any]) -> Norms:
    absolute = np.abs(np.asarray(vector, dtype=np.float64))
    return Norms(float(absolute.sum()), float(np.sqrt((absolute**2).sum())), float(absolute.max()))


@dataclass(frozen=True)
class Picture:
    """SVG paths of one bar a number, upwards where it is positive, in a box of
    `width` by PICTURE_HEIGHT; the tallest is `largest`."""

    positive: str
    negative: str
    width: int
    largest: float


def picture(vector: NDArray[Any]) -> Picture:
    values = np.asarray(vector, dtype=np.float64)
    largest = float(np.abs(values).max()) or 1.0
    middle = PICTURE_HEIGHT / 2
    heights = values / largest * middle
    bars = [f"M{place}.5 {middle:g}v{-height:.2f}" for place, height in enumerate(heights)]
    return Picture(
        "".join(bar for bar, value in zip(bars, values, strict=True) if value > 0),
        "".join(bar for bar, value in zip(bars, values, strict=True) if value < 0),
        len(values),
        largest,
    )


def cosine(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The cosine of the angle between two vectors, -1 to 1; 0 where one has no length."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.clip(a @ b / lengths, -1.0, 1.0)) if lengths else 0.0
