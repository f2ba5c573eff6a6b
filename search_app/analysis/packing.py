"""Arrays as a browser reads them fastest: one block of bytes, no number written in digits.

A block is: the header's length in bytes (uint32), the header as JSON in UTF-8, padded with
blanks to a multiple of 4, then each array in turn, little-endian, padded likewise. The header's
`arrays` lists [name, type, length] with the type as JavaScript names it: Uint16, Float32.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

TYPES = {"u1": "Uint8", "u2": "Uint16", "u4": "Uint32", "f4": "Float32"}
ALIGNED = 4


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The header and the arrays, of one of TYPES each, as one block."""
    listed = [[name, _type(array), len(array)] for name, array in arrays.items()]
    head = _padded(json.dumps({**header, "arrays": listed}, ensure_ascii=False).encode(), b" ")
    parts = [len(head).to_bytes(4, "little"), head]
    parts += [
        _padded(array.astype(array.dtype.newbyteorder("<")).tobytes(), b"\0")
        for array in arrays.values()
    ]
    return b"".join(parts)


def unpack(block: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What `pack` made a block of."""
    at = 4 + int.from_bytes(block[:4], "little")
    header = json.loads(block[4:at])
    arrays = {}
    for name, kind, length in header.pop("arrays"):
        dtype = np.dtype("<" + {value: key for key, value in TYPES.items()}[kind])
        arrays[name] = np.frombuffer(block, dtype, length, at)
        at += -(-length * dtype.itemsize // ALIGNED) * ALIGNED
    return header, arrays


def _type(array: NDArray[Any]) -> str:
    return TYPES[f"{array.dtype.kind}{array.dtype.itemsize}"]


def _padded(data: bytes, filling: bytes) -> bytes:
    return data + filling * (-len(data) % ALIGNED)
