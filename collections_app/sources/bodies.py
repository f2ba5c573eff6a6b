"""Bodies of answers: unpacked, and bounded before and after."""

import zlib
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

STEP_BYTES = 256 * 1024


class TooLarge(Exception):  # noqa: N818 - a statement about the body
    """More bytes than may be read."""


class Broken(Exception):  # noqa: N818 - a statement about the body
    """The body is not in the encoding that its header names; the message says so."""


def decoded(chunks: Iterable[bytes], encoding: str, most: int) -> Iterator[bytes]:
    """The body's bytes, `most` of them packed and `most` unpacked. Raises TooLarge, Broken."""
    packed = bounded(chunks, most)
    name = encoding.strip().lower()
    if name in ("", "identity"):
        yield from packed
    elif name in ("gzip", "x-gzip", "deflate"):
        yield from bounded(_inflated(packed), most)
    else:
        raise Broken(_("The answer is packed in a way that is not known: %s.") % name[:50])


def bounded(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise TooLarge
        yield chunk


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A step at a time, so that a bomb is met while it is still small."""
    unpacker = zlib.decompressobj(wbits=47)  # gzip or zlib, by its own header
    try:
        for chunk in chunks:
            while chunk and not unpacker.eof:
                yield unpacker.decompress(chunk, STEP_BYTES)
                chunk = unpacker.unconsumed_tail
    except zlib.error as error:
        raise Broken(_("The answer is damaged: it cannot be unpacked.")) from error
    if not unpacker.eof:
        raise Broken(_("The answer is cut off: it cannot be unpacked."))
