"""JSON and NDJSON."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import ijson

from .builder import Builder
from .cells import BROKEN, TOO_DEEP, TOO_LONG, checked
from .json_events import parser_of
from .model import MAX_ROW_CHARS, BadRow, Row, RowFormat
from .source import Content, Lines, LineTooLongError, as_text

NOT_AN_OBJECT = 'The row is not an object such as {"id": "1", "text": "Words"}.'
_MOST_SHOWN = 200  # characters of what the parser says
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_lines(content: Content, form: RowFormat) -> Iterator[Row | BadRow]:
    """NDJSON: an object on each line that is not empty."""
    with as_text(content, form.encoding) as text:
        lines, number = Lines(text), 0
        while True:
            lines.start_row()
            try:
                line = next(lines)
            except StopIteration:
                return
            except LineTooLongError:
                number += 1
                yield BadRow(number, TOO_LONG)
                continue
            if line.strip():
                number += 1
                yield _of_line(number, line)


def _of_line(number: int, line: str) -> Row | BadRow:
    try:
        value = json.loads(line, parse_constant=_no_number)
    except RecursionError:
        return BadRow(number, TOO_DEEP)
    except ValueError as error:
        return BadRow(number, f"The row is not JSON: {error}.")
    return checked(number, value) if isinstance(value, dict) else BadRow(number, NOT_AN_OBJECT)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def read(content: Content, form: RowFormat) -> Iterator[Row | BadRow]:
    """The objects of an array (the one under `form.key`, where that is set), or one object.

    After a mistake in the JSON itself nothing can be read: that is the last BadRow.
    """
    with as_text(content, form.encoding) as text:
        parser = parser_of(text)
    with as_text(content, form.encoding) as text:
        stream, builder = _Utf8(text), Builder(form.key)
        number = 0
        try:
            for event, value in parser.basic_parse(stream, use_float=True, buf_size=1 << 16):
                stream.unread = 0
                builder.take(event, value)
                if builder.done:
                    number += 1
                    yield _of_value(number, builder)
        except LineTooLongError:
            yield BadRow(number + 1, f"{TOO_LONG} What follows it was not read.")
        except (ijson.JSONError, ValueError, OverflowError) as error:
            reason = str(error).splitlines()[0][:_MOST_SHOWN]
            yield BadRow(
                number + 1, f"The file is not JSON here: {reason}. What follows was not read."
            )


def _of_value(number: int, builder: Builder) -> Row | BadRow:
    value, problem = builder.collect()
    if problem:
        return BadRow(number, problem)
    return checked(number, value) if isinstance(value, dict) else BadRow(number, NOT_AN_OBJECT)


class _Utf8:
    """A text as a stream of UTF-8, which is what the parser takes.

    `unread` counts the characters since the parser last understood something: one endless
    string would otherwise be collected whole.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.unread = 0

    def read(self, size: int = -1) -> bytes:
        """Raises LineTooLongError."""
        text: Any = self._text.read(size)
        self.unread += len(text)
        if self.unread > MAX_ROW_CHARS:
            raise LineTooLongError
        return _SURROGATE.sub(BROKEN, text).encode()
