"""What a sentence says to the letter, and must stand so in its source: numbers, names, quotes."""

import re
from collections.abc import Iterable

QUOTED = re.compile(r"“([^”\n]{2,})”|\"([^\"\n]{2,})\"|`([^`\n]+)`|「([^」\n]+)」|«([^»\n]{2,})»")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
# An identifier has a mark or a capital within, or a dash before it; a name begins with a capital.
IDENTIFIER = re.compile(
    r"-{1,2}\w[\w-]*|(?=[\w./:@]*[^\W\d])\w+(?:[._/:@]+\w+)+|\w*[a-z]\w*[A-Z]\w*"
    r"|_+\w+|\w+_+\w*"
)
NAME = re.compile(r"[A-Z][\w’'-]*\w")
OPENING = re.compile(r"\W*\w+")  # whose first letter is a capital anyway
LIST_MARK = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")
MARKUP = re.compile(r"[*_`\\]")


def missing(sentence: str, sources: Iterable[str]) -> list[str]:
    """Numbers, names and quotes of the sentence that stand in none of the sources.

    `1,000` is the number 1000; small and capital letters, blanks and Markdown's marks count
    as the same.
    """
    lead = LIST_MARK.match(sentence)
    return lacking(literals(sentence[lead.end() :] if lead else sentence), sources)


def lacking(said: Iterable[str], sources: Iterable[str]) -> list[str]:
    """Those of the literals that stand in none of the sources."""
    texts = list(sources)
    plain = " ".join(_plain(text) for text in texts)
    numbers = {_number(one) for text in texts for one in NUMBER.findall(text)}
    return [
        one
        for one in said
        if (_number(one) not in numbers if NUMBER.fullmatch(one) else _plain(one) not in plain)
    ]


def literals(sentence: str) -> list[str]:
    """Each once, in the order of its kind: quotes, identifiers, names, numbers."""
    found: dict[str, None] = {}
    rest = sentence
    for quote in QUOTED.finditer(sentence):
        said = next(group for group in quote.groups() if group)
        found[said.strip().rstrip(".,;:!?")] = None
    rest = QUOTED.sub(" \u0000 ", rest)
    for one in IDENTIFIER.findall(rest):
        found[one] = None
    rest = IDENTIFIER.sub(" \u0000 ", rest)
    opening = OPENING.match(rest)
    for one in NAME.finditer(rest):
        if not opening or one.start() >= opening.end():
            found[one.group()] = None
    for number in NUMBER.findall(rest):
        found[number] = None
    return [one for one in found if one]


def _number(written: str) -> str:
    return written.replace(",", "") if THOUSANDS.fullmatch(written) else written


def _plain(text: str) -> str:
    return " ".join(MARKUP.sub("", text).split()).casefold()
