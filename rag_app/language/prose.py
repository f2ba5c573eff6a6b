"""Which parts of a text are prose that can be quoted, and its sentences.

Headings, fenced and indented code, tables and rules are left out, unless a sentence announces
them.
"""

import re
from collections.abc import Iterator, Sequence

from collections_app.pipeline.sentences import sentences

Span = tuple[int, int]  # characters, end exclusive

FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
HEADING = re.compile(r" {0,3}#{1,6}(\s|$)")
UNDERLINE = re.compile(r" {0,3}(=+|-+|\*{3,}|_{3,}|[-=*~^]{2,})\s*$")
TABLE_ROW = re.compile(r"\s*\||.*\|.*\|")
INDENTED = re.compile(r"( {4}|\t)")
LIST_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")
LEAD = re.compile(r"\s*(?:>\s*)*(?:(?:[-*+•]|\d{1,3}[.)])\s+)?(?:\[[ xX]\]\s+)?")
CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
LINK = re.compile(r"\[[^\[\]]*\]\([^()\s]*\)|https?://\S+")
WORD = re.compile(r"[^\W\d_]{2,}")
BESIDE_LINKS = 3  # words that a sentence with links needs besides them; less is a list of links
MIN_WORDS, MIN_CJK, MAX_CHARS = 4, 8, 700
COLONS = frozenset(":：")
ANNOUNCED = (FENCE, LIST_ITEM, INDENTED, TABLE_ROW)  # what a line begins with
CODE = (FENCE, INDENTED)
MOST_ANNOUNCED = 500  # characters of it
MOST_BEHIND = 250  # characters of code that stands behind a sentence without a colon
MIN_LETTERS = 0.6  # of the characters that are not blank: less is code, a link or a number


def blocks(text: str) -> Iterator[Span]:
    """Spans of consecutive prose lines; each list item is a block of its own."""
    start = end = None
    fence = ""
    after_blank, in_list = True, False
    for line_start, line_end in _lines(text):
        line = text[line_start:line_end]
        opened = FENCE.match(line)
        in_item = bool(LIST_ITEM.match(line))
        in_list = in_item or (in_list and (not line.strip() or line[0].isspace()))
        code = not in_list and after_blank and bool(INDENTED.match(line))
        prose = not (fence or opened or code) and _is_prose(line)
        if start is not None and end is not None and (not prose or in_item):
            if not UNDERLINE.match(line):  # else what came before was a heading
                yield start, end
            start = end = None
        if prose:
            start, end = (line_start if start is None else start), line_end
        if opened and (not fence or opened[1].startswith(fence)):
            fence = "" if fence else opened[1]
        after_blank = not line.strip() or code
    if start is not None and end is not None:
        yield start, end


def _is_prose(line: str) -> bool:
    if not line.strip() or HEADING.match(line) or UNDERLINE.match(line):
        return False
    return not TABLE_ROW.match(line)


def _lines(text: str) -> Iterator[Span]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, start + len(line.rstrip("\r\n"))
        start += len(line)


def quotable(text: str, block: Span, limit: int | None = None) -> list[Span]:
    """The sentences of a block that can be quoted and end by `limit`, without list marks before
    them, each with the code, list or table that it announces, wherever that ends, or with the
    little code that stands straight behind it."""
    spans = []
    for first, last in sentences(text[block[0] : block[1]]):
        span = _trimmed(text, block[0] + first, block[0] + last)
        if limit is not None and span[1] > limit:
            continue
        end = _announced(text, span[1])
        if end > span[1] or _is_sentence(text[span[0] : span[1]]):
            spans.append((span[0], end if end > span[1] else _with_code(text, span[1])))
    return spans


def _announced(text: str, end: int) -> int:
    """Where that ends which a colon at `end` announces; `end` itself where nothing is."""
    return _behind(text, end, ANNOUNCED) if text[end - 1 : end] in COLONS else end


def _with_code(text: str, end: int) -> int:
    """Where the code ends that begins on the next line; `end` itself where it is none, or long."""
    last = _behind(text, end, CODE) if text[end : end + 1] in ("\n", "\r") else end
    return last if last - end <= MOST_BEHIND else end


def _behind(text: str, end: int, kinds: Sequence[re.Pattern[str]]) -> int:
    """Where that ends which begins behind `end` and is of one of these kinds; else `end`."""
    start = len(text) - len(text[end:].lstrip("\n\r \t"))
    start = text.rfind("\n", 0, start) + 1
    last, kind, fence = end, None, ""
    for line_start, line_end in _lines(text[start : start + MOST_ANNOUNCED]):
        line = text[start + line_start : start + line_end]
        opened = FENCE.match(line)
        if kind is None:
            kind = next((one for one in kinds if one.match(line)), None)
            fence = opened[1] if opened else ""
            if kind is None or start < end:
                return end
        elif fence:
            if opened and opened[1].startswith(fence):
                return start + line_end
        elif line.strip() and not kind.match(line) and not INDENTED.match(line):
            break
        if line.strip():
            last = start + line_end
    return last


def _trimmed(text: str, start: int, end: int) -> Span:
    lead = LEAD.match(text, start, end)
    start = lead.end() if lead else start
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _is_sentence(text: str) -> bool:
    if len(text) > MAX_CHARS or (text.endswith(":") and len(text) < 60):
        return False
    if not says_enough(text):
        return False
    if LINK.search(text) and not _says_something(LINK.sub(" ", text)):
        return False
    solid = [character for character in text if not character.isspace()]
    return sum(character.isalpha() for character in solid) >= MIN_LETTERS * len(solid)


def says_enough(text: str) -> bool:
    """Has the text the words of a statement? A name or a bare word answers nothing."""
    return len(text.split()) >= MIN_WORDS or len(CJK.findall(text)) >= MIN_CJK


def _says_something(beside_links: str) -> bool:
    words = len(WORD.findall(beside_links))
    return words >= BESIDE_LINKS or len(CJK.findall(beside_links)) >= MIN_CJK
