"""Server-sent events, read and written (WHATWG HTML, section 9.2)."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from rag_app.language.chat import Malformed

MAX_LINE = 256 * 1024  # bytes
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Text without what UTF-8 or PostgreSQL cannot hold: NUL and lone surrogates."""
    return UNSTORABLE.sub("", text)


def events(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event. Comments and other fields are passed over; an event that
    the stream's end cuts in two is not given."""
    data: list[str] = []
    for line in _lines(chunks):
        if not line:
            if data:
                yield "\n".join(data)
            data = []
        elif line == "data" or line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
    if data:  # some servers leave out the blank line after the last event
        yield "\n".join(data)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Whole lines, ended by LF, CRLF or CR, however the chunks cut them."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        # A CR at the very end may be half of a CRLF: it waits for the next chunk.
        *lines, rest = re.split(rb"\r\n|\n|\r(?!\n|\Z)", rest)
        for line in lines:
            yield _decoded(line)
        if len(rest) > MAX_LINE:
            raise Malformed(f"a line of more than {MAX_LINE} bytes")
    if rest.endswith(b"\r"):
        yield _decoded(rest[:-1])


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise Malformed("the reply is not UTF-8") from error


def event(name: str, data: Any) -> bytes:
    """One event on the wire; JSON leaves no line break in its data."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
