"""Mailboxes (mbox): each message is a member named by its number and subject."""

import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from functools import partial
from io import BytesIO
from typing import IO

from .limits import CHUNK_BYTES, Budget, Found, Refused

_START = re.compile(rb"From \S+ .{0,99}?\d\d?:\d\d.{0,40}")
_FIELD = re.compile(rb"[\x21-\x39\x3b-\x7e]{1,99}:[ \t\r\n]")
_QUOTED = re.compile(rb">+From ")
_HEADER_BYTES = 64 * 1024
_SUBJECT_CHARS = 80


def starts(file: IO[bytes]) -> bool:
    """Whether the file begins as a mailbox does: a line "From …" and the header of a message."""
    file.seek(0)
    first, second = file.readline(1000), file.readline(1000)
    return bool(_START.match(first) and _FIELD.match(second))


def entries(file: IO[bytes], budget: Budget) -> Iterator[Found]:
    """Its messages in order."""
    for number, message in enumerate(_messages(file, budget), start=1):
        name = f"{number:04d}"
        if message is not None and (subject := _subject(message)):
            name += f" {subject}"
        yield Found(f"{name}.eml", partial(_read, message, budget))


def _read(message: bytes | None, budget: Budget) -> bytes:
    if message is None:
        budget.check_size(budget.limits.member_bytes + 1)
        raise Refused("The message is too large.")
    return message


def _messages(file: IO[bytes], budget: Budget) -> Iterator[bytes | None]:
    """The bytes of each, without the line that begins it; None for one that is too large."""
    file.seek(0)
    message: BytesIO | None = None
    begun, free = False, True  # a message has begun; one may begin with this line
    whole = True  # the last line ended where it was cut off
    while line := file.readline(CHUNK_BYTES):
        budget.spend(len(line))
        if free and _START.match(line):
            if begun:
                yield None if message is None else message.getvalue()
            message, begun = BytesIO(), True
        elif message is not None:
            message.write(line[1:] if whole and _QUOTED.match(line) else line)
            if message.tell() > budget.limits.member_bytes:
                message = None
        free = whole and not line.strip()
        whole = line.endswith(b"\n")
    if begun:
        yield None if message is None else message.getvalue()


def _subject(message: bytes) -> str:
    """On one line, without slashes; empty when there is none or it cannot be read."""
    head = re.split(rb"\r?\n\r?\n", message[:_HEADER_BYTES], maxsplit=1)[0]
    try:
        given = BytesHeaderParser().parsebytes(head)["Subject"] or ""
        shown = str(make_header(decode_header(str(given)[:1000])))
    except (ValueError, LookupError):
        return ""
    return " ".join(re.sub(r"[/\\]", " ", shown).split())[:_SUBJECT_CHARS].strip(" .")
