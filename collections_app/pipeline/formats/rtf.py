"""Rich text: its words, without their look."""

import re

from striprtf.striprtf import rtf_to_text

from ..extracted import PLAIN, Extracted
from ..pieces import Pieces

_INFO = re.compile(r"\{\\(title|author|subject) ?([^{}\\]{0,1000})\}")
_BLANK = re.compile(r"\n{3,}")


def _words(source: str) -> str:
    return str(rtf_to_text(source, errors="ignore"))  # type: ignore[no-untyped-call]


def read(data: bytes, max_chars: int) -> Extracted:
    source = data.decode("latin-1")  # RTF is ASCII; other characters are escaped in it
    pieces = Pieces(max_chars, PLAIN)
    pieces.add(_BLANK.sub("\n\n", _words(source)))
    told: dict[str, object] = dict(_INFO.findall(source[:65536]))
    return pieces.extracted(str(told.pop("title", "")), told)
