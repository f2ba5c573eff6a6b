"""The bytes of a table: where they are, which encoding they have, as lines of bounded length."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..decode import decode
from ..extracted import Unreadable
from .model import MAX_ROW_CHARS

Content = Path | bytes | BinaryIO  # a stream must be seekable; it is left open

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
# The UTF-32 mark begins with the UTF-16 one.
_MARKED = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@contextmanager
def opened(content: Content) -> Iterator[BinaryIO]:
    """The content as a stream at its beginning."""
    if isinstance(content, Path):
        with content.open("rb") as stream:
            yield stream
    elif isinstance(content, bytes):
        yield io.BytesIO(content)
    else:
        content.seek(0)
        yield content


@contextmanager
def as_text(content: Content, encoding: str) -> Iterator[io.TextIOWrapper]:
    """The content decoded; bytes that are not of this encoding become lone surrogates."""
    with opened(content) as stream:
        # The mark of UTF-8 is none of the text, whether the format says that it is there or not.
        name = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        text = io.TextIOWrapper(stream, encoding=name, errors="surrogateescape", newline="")
        try:
            yield text
        finally:
            text.detach()


@contextmanager
def in_its_encoding(encoding: str) -> Iterator[None]:
    """Reading what may be in another encoding: raises Unreadable then."""
    try:
        yield
    except UnicodeError as error:
        raise Unreadable(
            f"The file cannot be read as {encoding}: choose another encoding, or save it as UTF-8."
        ) from error


def encoding_of(stream: BinaryIO) -> str:
    """UTF-8 wherever it fits; else what the first and the first odd bytes look like.

    Raises Unreadable for what is not text.
    """
    stream.seek(0)
    head = stream.read(_SAMPLE)
    for mark, name in _MARKED.items():
        if head.startswith(mark):
            return name
    odd = _first_odd_byte(stream)
    if odd is None:
        decode(_whole_lines(head))
        return "utf-8"
    stream.seek(max(0, odd - _SAMPLE // 2))
    around = _whole_lines(stream.read(_SAMPLE))
    _text, name = decode(_whole_lines(head) + around if odd > _SAMPLE else _whole_lines(head))
    return name.partition(",")[0]  # "utf-8, 3 broken"


def _first_odd_byte(stream: BinaryIO) -> int | None:
    """Where the content stops being UTF-8; None when it never does."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    before = 0
    while True:
        chunk = stream.read(_CHUNK)
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            return max(0, before + error.start)
        if not chunk:
            return None
        before += len(chunk)


def _whole_lines(data: bytes) -> bytes:
    """Without what follows the last line end: it may end within a character."""
    return data[: data.rfind(b"\n") + 1] or data


class LineTooLongError(Exception):
    """A line, or the lines of one row together, longer than MAX_ROW_CHARS."""


class Lines:
    """The lines of a text with their ends. One that is too long is skipped, then told.

    The length counts from the last `start_row`: a quoted cell may hold many lines.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._length = 0

    def start_row(self) -> None:
        self._length = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        """Raises LineTooLongError; the next call goes on after that line."""
        line = self._text.readline(MAX_ROW_CHARS + 1)
        if not line:
            raise StopIteration
        self._length += len(line)
        if self._length > MAX_ROW_CHARS:
            while line and not line.endswith(("\n", "\r")):
                line = self._text.readline(MAX_ROW_CHARS)
            raise LineTooLongError
        return line
