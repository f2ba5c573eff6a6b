"""Messages between a process and its sandbox: JSON and blobs of bytes over a pipe.

Nothing is unpickled: what a child that was taken over sends is data and no more.
"""

import json
import os
import struct
from collections.abc import Iterable
from typing import Any

CHUNK = 1 << 20
MOST_BYTES = 1 << 29  # of one message
_LENGTH = struct.Struct("!Q")


class ClosedError(Exception):
    """The other side has gone, in the middle of a message or before one."""


def send(pipe: int, values: dict[str, Any], blobs: Iterable[bytes] = ()) -> None:
    """Write one message; raises OSError when nobody reads it."""
    blobs = list(blobs)
    head = json.dumps({"values": values, "blobs": [len(blob) for blob in blobs]}).encode()
    for part in (_LENGTH.pack(len(head)), head, *blobs):
        view = memoryview(part)
        while view:
            view = view[os.write(pipe, view[:CHUNK]) :]


def receive(pipe: int) -> tuple[dict[str, Any], list[bytes]]:
    """Read one message; raises ClosedError, and ValueError for what is none."""
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    head = json.loads(_exactly(pipe, length))
    sizes: list[int] = head["blobs"]
    if sum(sizes) > MOST_BYTES:
        raise ValueError("The message is too long.")
    return head["values"], [_exactly(pipe, size) for size in sizes]


def _exactly(pipe: int, size: int) -> bytes:
    if size > MOST_BYTES:
        raise ValueError("The message is too long.")
    pieces = bytearray()
    while len(pieces) < size:
        piece = os.read(pipe, min(CHUNK, size - len(pieces)))
        if not piece:
            raise ClosedError
        pieces += piece
    return bytes(pieces)
