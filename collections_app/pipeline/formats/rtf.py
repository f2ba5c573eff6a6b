"""Rich text: its words, without their look; where paragraphs have a level, as Markdown."""

import re

from striprtf.striprtf import rtf_to_text

from ..extracted import PLAIN, Extracted
from ..pieces import Pieces, check_length
from . import written

_INFO = re.compile(r"\{\\(title|author|subject) ?([^{}\\]{0,1000})\}")
_BLANK = re.compile(r"\n{3,}")
_LEVEL = re.compile(r"(\\outlinelevel([0-8]))(?![0-9]) ?")
_NO_CHARACTER = re.compile(r"\\u-?[0-9]{6,}")  # the format has numbers of 16 bits
# What stands for a paragraph's level while the words are taken out of the source.
_MARKED = re.compile("\x1e([0-8])\x1f")
_MARKS = re.compile("[\x1e\x1f]")


def read(data: bytes, max_chars: int) -> Extracted:
    source = data.decode("latin-1")  # RTF is ASCII; other characters are escaped in it
    told: dict[str, object] = dict(_INFO.findall(source[:65536]))
    title = str(told.pop("title", ""))
    source = _NO_CHARACTER.sub(r"\\u65533", source)
    words = _words(_LEVEL.sub("\\1 \x1e\\2\x1f", _MARKS.sub("", source)))
    if _MARKED.search(words):
        pieces, heading = _headed(words, max_chars)
        return pieces.extracted(title or heading, told)
    text = _BLANK.sub("\n\n", words).strip("\n")
    check_length(text, max_chars)
    pieces = Pieces(max_chars, PLAIN)
    pieces.add(text)
    return pieces.extracted(title, told, first_line=1)


def _words(source: str) -> str:
    return str(rtf_to_text(source, errors="ignore"))  # type: ignore[no-untyped-call]


def _headed(words: str, max_chars: int) -> tuple[Pieces, str]:
    """The paragraphs, those that have a level as headings, and the first of these."""
    pieces, first = Pieces(max_chars), ""
    for paragraph in words.split("\n"):
        level, line = _MARKED.search(paragraph), _MARKED.sub("", paragraph)
        if level and line.strip():
            first = first or line
            pieces.begin(line)
            pieces.add(written.heading(int(level[1]) + 1, line))
        else:
            pieces.add(written.paragraph(line))
    return pieces, first
