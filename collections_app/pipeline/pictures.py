"""Pictures as documents. They are decoded in a child process, by `images`."""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from . import sandbox
from .extracted import PLAIN, Extracted

# What can be read, and its name for people.
FORMATS = {
    "image/png": "PNG picture",
    "image/jpeg": "JPEG picture",
    "image/gif": "GIF picture",
    "image/webp": "WebP picture",
    "image/tiff": "TIFF picture",
    "image/bmp": "BMP picture",
}
COPY_TYPE = "image/webp"
_STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
}
_GAPS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Copies:
    """The picture upright and without metadata, as WebP, and a small one of it."""

    width: int  # of the original, upright
    height: int
    served: bytes = field(repr=False)
    thumbnail: bytes = field(repr=False)


def media_type(data: bytes) -> str:
    """One of FORMATS, by how the content begins; empty for all else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:2] == b"BM" and data[6:10] == b"\0\0\0\0" and data[15:18] == b"\0\0\0":
        return "image/bmp"
    if b"\0" not in data[:64]:
        return ""  # a text that speaks of "GIF89a"
    return next((kind for start, kind in _STARTS.items() if data.startswith(start)), "")


def extract(data: bytes, name: str = "", limits: sandbox.Limits | None = None) -> Extracted:
    """What can be said of a picture in words: those of its name and of its description.

    Raises Unreadable for one that is damaged at its beginning or too large.
    """
    found = sandbox.call("describe_image", data, limits=limits).values
    path = PurePosixPath(name)
    words = " ".join(_GAPS.sub(" ", path.stem).split()) or path.name or "picture"
    return Extracted(
        text="\n\n".join(dict.fromkeys([words, *found["said"]])),
        title=path.name,
        metadata=found["metadata"],
        media_type=PLAIN,
        format=found["format"],
    )


def copies(data: bytes, limits: sandbox.Limits | None = None) -> Copies:
    """Raises Unreadable for a picture that is damaged, cut off or too large."""
    answer = sandbox.call("copy_image", data, limits=limits)
    served, thumbnail = answer.blobs
    return Copies(answer.values["width"], answer.values["height"], served, thumbnail)
