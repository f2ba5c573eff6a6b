"""Which of ijson's parsers a text is read by.

The one in C ends the whole process at a number that Python refuses to make (of more digits than
`sys.get_int_max_str_digits()`; ijson 3.6.0). A text with so many digits in a row, be it in a
string, is read by the one in Python, which is slower and says what is wrong.
"""

import io
import re
import sys
from typing import Any

import ijson
from ijson.backends import python

_CHUNK = 1 << 20
_MOST = sys.get_int_max_str_digits() or 4300
_DIGITS = re.compile(f"[0-9]{{{_MOST}}}")


def parser(text: str) -> Any:
    """That for this text, with ijson's functions."""
    return python if _DIGITS.search(text) else ijson


def parser_of(stream: io.TextIOBase) -> Any:
    """That for what the stream has from here to its end."""
    end = ""
    while chunk := stream.read(_CHUNK):
        if parser(end + chunk) is python:
            return python
        end = chunk[-_MOST:]
    return ijson
