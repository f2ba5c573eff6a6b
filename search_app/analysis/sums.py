"""Sums of words as they are written: `germany + paris - france`."""

import re

_SIGN = re.compile(r"(?:^|(?<=\s))([+\-−–])\s*|\s*,\s*")
_MINUS = "-−–"


def parse(text: str, first: int = 1) -> tuple[list[str], list[str]]:
    """The words that are added and those that are taken away.

    A sign stands before a word, after a blank: `well-known` is one word. What has no sign is
    added, or with `first` below zero, taken away.
    """
    plus: list[str] = []
    minus: list[str] = []
    sign = first
    place = 0
    for found in [*_SIGN.finditer(text), None]:
        end = found.start() if found else len(text)
        if word := " ".join(text[place:end].split()):
            (plus if sign > 0 else minus).append(word)
        if found:
            place = found.end()
            sign = first if found[1] is None else -first if found[1] in _MINUS else first
    return plus, minus


def written(plus: list[str], minus: list[str]) -> str:
    """The other way round."""
    text = " + ".join(plus)
    return " - ".join([text, *minus]) if plus else " ".join(f"- {word}" for word in minus)
