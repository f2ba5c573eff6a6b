"""Where sentences begin and end, by the marks of each script; code is kept whole."""

import re
from collections.abc import Iterator
from itertools import pairwise

from .blocks import Block, Kind, blocks

# A full stop counts when white space and something that can open a sentence follow; the marks
# that end nothing else count at once: CJK, Arabic and Urdu, Indic, Armenian, Ethiopic, Tibetan,
# Burmese, Khmer. (Thai and Lao have none: they are cut at their spaces.)
_END = re.compile(
    r"[.!?…]+[\"'”’»)\]*_`]{0,4}(?=\s+[^\s\w]{0,4}[^\Wa-zß-öø-ÿ])"
    r"|[。！？｡．…؟۔।॥։።፧།။។៕]+[」』”’»》）)\]]{0,4}"
    r"|\n[ \t]*(?=\n)"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Z]|[Mm]rs?|[Mm]s|[Dd]rs?|[Pp]rof|[Ss]t|[Jj]r|[Ss]r|vs|cf|e\.g|i\.e|etc"
    r"|[Nn]o|[Ff]igs?|[Ee]q|[Vv]ol|[Pp]p?|al|approx|resp|z\.B|d\.h|bzw|usw|ca|Nr)\.$"
)


def sentences(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence, in order, white space around it left out.

    Headings, list items and table rows stand alone; a code block is one sentence.
    """
    return list(one_by_one(text))


def one_by_one(text: str) -> Iterator[tuple[int, int]]:
    """The same, each looked for once it is asked for."""
    return (span for block in blocks(text) for span in in_block(text, block))


def in_block(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """The sentences of one block."""
    if block.kind in (Kind.CODE, Kind.HEADING):
        yield from _stripped(text, block.start, block.end)
        return
    edges = sorted({block.start, *block.parts, block.end})
    for start, end in pairwise(edges):
        if block.kind is Kind.TABLE:
            yield from _stripped(text, start, end)
        else:
            yield from _prose(text, start, end)


def _prose(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    begin = start
    for found in _END.finditer(text, start, end):
        before = text[max(begin, found.end() - 12) : found.end()]
        if _ABBREVIATION.search(before):
            continue
        yield from _stripped(text, begin, found.end())
        begin = found.end()
    yield from _stripped(text, begin, end)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span without white space at its ends; nothing if nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
