"""Files of word vectors, read one word at a time.

word2vec's text form has a line with the number of words and that of the numbers in a vector, then
a line a word; its binary form has the same first line, then each word, a blank, and its numbers
as little-endian float32 (the C tool of Mikolov et al. 2013). GloVe's (Pennington et al. 2014) are
the lines of the text form alone. Each may be packed with gzip.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .extracted import Unreadable

TEXT, BINARY = "text", "binary"
MOST_NUMBERS = 16_000  # of a vector: what pgvector stores
_MOST_WORD = 2000  # bytes
_NUMBER = 40  # bytes that a number takes as text, at most
_CHUNK = 1 << 20
_LARGE = 1e10
_RATIO, _FREE = 100, 20_000_000  # what is unpacked may be so many times the file, and so much
_HEADER = re.compile(rb"(\d{1,12})[ \t]+(\d{1,9})[ \t]*\r?\n")


@dataclass(frozen=True)
class Word:
    """A word and its vector, (dimension,). `number` counts from 1; the next one begins at
    `end`, in bytes of the unpacked file."""

    number: int
    end: int
    word: str
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class BadWord:
    """What cannot be taken, as far as it can be shown, and why."""

    number: int
    end: int
    shown: str
    reason: str


class WordFile:
    """An open file. `count` is what its first line tells; None where there is no such line."""

    def __init__(self, stream: BufferedIOBase, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self.count: int | None = None
        self._start = 0
        first = stream.readline(_MOST_WORD + _NUMBER * MOST_NUMBERS)
        if header := _HEADER.fullmatch(first):
            self.count, self.dimension = int(header[1]), int(header[2])
            self._start = len(first)
            _check_dimension(self.dimension)
            self.kind = TEXT if self._is_text() else BINARY
        else:
            self.kind, self.dimension = TEXT, _dimension_of(first)
            _check_dimension(self.dimension)

    def rows(self, number: int = 0, offset: int = 0) -> Iterator[Word | BadWord]:
        """Its words in order, behind the word of this number, which ended at `offset`.

        Raises Unreadable where the file is damaged, or is not as long as it says, after all that
        stands before.
        """
        read = self._text_rows if self.kind == TEXT else self._binary_rows
        at = offset or self._start
        self._stream.seek(at)
        for row in read(number, at):
            if row.end > self._most_bytes:
                raise Unreadable(
                    f"It unpacks to more than {_RATIO} times its size, as in an archive bomb."
                )
            yield row

    def _is_text(self) -> bool:
        """Whether the first word's line is one; else it has to begin as the binary form does."""
        line = self._stream.readline(_MOST_WORD + _NUMBER * self.dimension)
        parts = line.split()
        if len(parts) > 1 and all(map(_is_number, parts[1:])):
            return True
        self._stream.seek(self._start)
        start = self._stream.read(_MOST_WORD + 1 + 4 * self.dimension)
        _word, blank, rest = start.partition(b" ")
        whole = len(rest) >= 4 * self.dimension
        numbers = np.frombuffer(rest, "<f4", self.dimension) if whole else np.zeros(1)
        # Letters that are taken for numbers come out larger than those of any vector.
        if not blank or not (np.abs(numbers) < _LARGE).all():
            raise _none_such()
        return False

    def _text_rows(self, number: int, at: int) -> Iterator[Word | BadWord]:
        longest = _MOST_WORD + _NUMBER * self.dimension
        while line := self._stream.readline(longest):
            at += len(line)
            if len(line) == longest and not line.endswith(b"\n"):
                raise Unreadable(f"Line {number + 1} is too long for a word and its vector.")
            if not line.strip():
                continue
            if number == self.count:
                raise Unreadable(
                    f"There is more in it than the {self.count} words that its first line tells "
                    "of. What follows was not read."
                )
            number += 1
            yield self._of_line(number, at, line.split())
        self._check_count(number)

    def _of_line(self, number: int, end: int, parts: list[bytes]) -> Word | BadWord:
        """A word of GloVe's may have blanks in it: the numbers are counted from the end."""
        dimension = self.dimension
        head, tail = parts[:-dimension], parts[-dimension:]
        extra = len(head) > 1 and _is_number(head[-1])
        if not head or extra:
            found = _numbers_at_end(parts)
            shown = b" ".join(parts[: len(parts) - found] or parts[:1])
            reason = f"It has {found} numbers, the first word of the file has {dimension}."
            return BadWord(number, end, _shown(shown), reason)
        word = b" ".join(head)
        try:
            vector = np.array([float(one) for one in tail], np.float32)
        except ValueError:
            bad = next(one for one in tail if not _is_number(one))
            return BadWord(number, end, _shown(word), f"“{_shown(bad)}” is not a number.")
        return _checked(number, end, word, vector)

    def _binary_rows(self, number: int, at: int) -> Iterator[Word | BadWord]:
        assert self.count is not None  # the binary form has a first line
        size, buffer, place = 4 * self.dimension, b"", 0
        while number < self.count:
            if len(buffer) - place < _MOST_WORD + 1 + size:
                buffer, place = buffer[place:] + self._stream.read(_CHUNK + size), 0
            blank = buffer.find(b" ", place, place + _MOST_WORD + 2)
            if place == len(buffer):
                break
            word = buffer[place : blank if blank >= 0 else place + 40].lstrip(b"\n")
            if blank < 0 or blank + 1 + size > len(buffer):
                raise Unreadable(
                    f"The file ends in the middle of word {number + 1} of {self.count} "
                    f"(“{_shown(word)}”): not all of it came, or it is damaged there."
                )
            number += 1
            vector = np.frombuffer(buffer, "<f4", self.dimension, blank + 1).astype(np.float32)
            at += blank + 1 + size - place
            place = blank + 1 + size
            yield _checked(number, at, word, vector)
        self._check_count(number)

    def _check_count(self, number: int) -> None:
        if self.count is not None and number < self.count:
            raise Unreadable(
                f"The first line tells of {self.count} words, and there are {number}: not all of "
                "the file came."
            )


@contextmanager
def opened(path: Path) -> Iterator[WordFile]:
    """The file, which is never read as a whole. Raises Unreadable for what is none, also while
    its rows are read."""
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic.startswith(b"PK\x03\x04"):
            raise Unreadable("This is a ZIP archive. Unpack it, and choose one file of it.")
        packed = magic.startswith(b"\x1f\x8b")
        most = path.stat().st_size * (_RATIO if packed else 1) + _FREE
        try:
            if packed:
                with gzip.open(raw) as stream:
                    yield WordFile(stream, most)
            else:
                yield WordFile(raw, most)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Unreadable(
                f"The gzip file is damaged, or not all of it came ({error}). Pack it again."
            ) from error


def _dimension_of(line: bytes) -> int:
    """How many numbers stand behind the first word; a word may be a number itself."""
    if b"\x00" in line or not line.strip():
        raise _none_such()
    parts = line.split()
    return min(_numbers_at_end(parts), len(parts) - 1)


def _check_dimension(dimension: int) -> None:
    if dimension < 2:
        raise _none_such()
    if dimension > MOST_NUMBERS:
        raise Unreadable(f"Its vectors have {dimension} numbers; the most is {MOST_NUMBERS}.")


def _none_such() -> Unreadable:
    return Unreadable(
        "These are no word vectors: word2vec as text or binary, or GloVe, plain or packed with "
        "gzip, begin with a word and its numbers."
    )


def _checked(number: int, end: int, word: bytes, vector: NDArray[np.float32]) -> Word | BadWord:
    try:
        text = word.decode()
    except UnicodeDecodeError:
        return BadWord(number, end, _shown(word), "The word is not UTF-8.")
    if not _finite(vector):
        return BadWord(number, end, text, "Its vector has numbers that are not finite.")
    if not vector.any():
        return BadWord(number, end, text, "Its vector is zero: it has no direction.")
    return Word(number, end, text, vector)


def _finite(vector: NDArray[np.float32]) -> bool:
    return bool(np.isfinite(vector).all())


def _numbers_at_end(parts: list[bytes]) -> int:
    count = 0
    while count < len(parts) and _is_number(parts[-1 - count]):
        count += 1
    return count


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True


def _shown(word: bytes) -> str:
    return word.decode("utf-8", "backslashreplace")[:100]
