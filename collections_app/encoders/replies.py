"""What a server that speaks OpenAI's `/v1/embeddings` answers, read and checked."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from .spec import Vectors

MOST_NUMBERS = 16_000  # of a vector: what PostgreSQL's takes
ERROR_CHARS = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


class Malformed(Exception):  # noqa: N818 - a statement about the reply
    """The reply is not what such a server sends; the message says in what."""


class BadVector(Malformed):
    """The vector of one text can not be used: `index` is that of the text."""

    def __init__(self, index: int, what: str) -> None:
        super().__init__(what)
        self.index = index


@dataclass(frozen=True)
class Reply:
    """float32 (texts, dimension), and the tokens the server counted; None where it did not."""

    vectors: Vectors
    tokens: int | None


def read(body: bytes, count: int) -> Reply:
    """The reply to `count` texts, in their order. Raises Malformed."""
    data = decoded(body)
    rows = data.get("data") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise Malformed("it has no list “data”")
    if len(rows) != count:
        raise Malformed(f"it has {len(rows)} vectors for {count} texts")
    made = [_vector(row.get("embedding"), n) for n, row in enumerate(_in_order(rows))]
    widths = sorted({len(one) for one in made})
    if len(widths) > 1:
        raise Malformed(f"its vectors have {widths[0]} and {widths[-1]} numbers")
    return Reply(np.stack(made), _tokens(data))


def decoded(body: bytes) -> Any:
    """Raises Malformed."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("it is not JSON") from error


def message(body: bytes) -> str:
    """What an error's body says, in the server's words, on one line."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    said = data.get("error", data) if isinstance(data, dict) else ""
    if isinstance(said, dict):
        said = said.get("message") or said.get("detail") or ""
    return _CONTROL.sub(" ", said).strip()[:ERROR_CHARS] if isinstance(said, str) else ""


def code(body: bytes) -> str:
    """The word of OpenAI's errors that programs go by, such as insufficient_quota."""
    try:
        found = json.loads(body)["error"]["code"]
    except (ValueError, RecursionError, TypeError, KeyError, IndexError):
        return ""
    return found if isinstance(found, str) else ""


def _in_order(rows: list[Any]) -> list[dict[str, Any]]:
    """By their index where they have one: some servers answer in the order they are done in."""
    if not all(isinstance(row, dict) for row in rows):
        raise Malformed("its “data” has something else than objects in it")
    places = [row.get("index") for row in rows]
    if all(place is None for place in places):
        return rows
    if any(type(place) is not int for place in places) or sorted(places) != list(range(len(rows))):
        raise Malformed("the indexes of its vectors are not those of the texts")
    return sorted(rows, key=lambda row: int(row["index"]))


def _vector(given: Any, index: int) -> Vectors:
    if isinstance(given, str):
        given = _from_base64(given)
    try:
        made = np.asarray(given, np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise Malformed(f"vector {index} is no list of numbers") from error
    if made.ndim != 1 or not 1 <= len(made) <= MOST_NUMBERS:
        raise Malformed(f"vector {index} is no list of 1 to {MOST_NUMBERS} numbers")
    if not np.isfinite(made).all():
        raise BadVector(index, "has numbers that are not finite")
    if not made.any():
        raise BadVector(index, "is all zeros")
    return made


def _from_base64(text: str) -> Vectors:
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    except (binascii.Error, ValueError) as error:
        raise Malformed("a vector is neither a list nor base64 of float32") from error


def _tokens(data: dict[str, Any]) -> int | None:
    usage = data.get("usage")
    if not isinstance(usage, dict):
        return None
    for name in ("prompt_tokens", "total_tokens"):
        if type(found := usage.get(name)) is int and found > 0:
            return found
    return None
