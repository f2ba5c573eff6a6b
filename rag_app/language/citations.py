"""Citations in the text of a chat model: `[1]`, `[1, 2]`, `[1][2]`, `[1-3]`."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from collections_app.pipeline.sentences import sentences

NUMBERS = r"\d{1,4}(?:\s*[-–,;，、]\s*\d{1,4})*"
MARK = re.compile(rf"(?:\[\s*{NUMBERS}\s*\]|【\s*{NUMBERS}\s*】)")
MARKS_AFTER = re.compile(rf"(?:[ \t]*{MARK.pattern})+")
RANGE = re.compile(r"(\d+)\s*[-–]\s*(\d+)|(\d+)")
LONGEST_RANGE = 50


@dataclass(frozen=True)
class Segment:
    """A piece of an answer: plain text, or the number of a citation.

    `supported` is False for text of a sentence that cites nothing.
    """

    text: str
    number: int | None = None
    supported: bool = True


@dataclass(frozen=True)
class Parsed:
    """An answer in segments, the numbers it cites (in order), and those that do not exist."""

    segments: list[Segment]
    cited: list[int]
    unknown: list[int]


def parse(text: str, numbers: Collection[int]) -> Parsed:
    """Take an answer apart; marks with numbers not among `numbers` are dropped, and told."""
    segments: list[Segment] = []
    cited: dict[int, None] = {}
    unknown: dict[int, None] = {}
    for start, end in _sentences_with_marks(text):
        found = _numbers(text[start:end])
        valid = [number for number in found if number in numbers]
        cited.update(dict.fromkeys(valid))
        unknown.update((number, None) for number in found if number not in numbers)
        segments.extend(_segments(text[start:end], numbers, supported=bool(valid)))
    return Parsed(segments, list(cited), list(unknown))


def _sentences_with_marks(text: str) -> Iterator[tuple[int, int]]:
    """Spans that cover all of the text, each a sentence with the marks that follow it."""
    start = 0
    for _, end in sentences(text):
        if end <= start:
            continue  # its beginning was taken as marks of the sentence before
        after = MARKS_AFTER.match(text, end)
        end = after.end() if after else end
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _numbers(text: str) -> list[int]:
    found: list[int] = []
    for mark in MARK.finditer(text):
        found.extend(_mark_numbers(mark.group()))
    return found


def _mark_numbers(mark: str) -> list[int]:
    numbers: list[int] = []
    for first, last, single in RANGE.findall(mark):
        if single:
            numbers.append(int(single))
        elif 0 <= int(last) - int(first) <= LONGEST_RANGE:
            numbers.extend(range(int(first), int(last) + 1))
        else:
            numbers.extend([int(first), int(last)])
    return numbers


def _segments(text: str, numbers: Collection[int], *, supported: bool) -> Iterator[Segment]:
    """The pieces of one sentence; blank text and sentences without letters need no support."""
    supported = supported or not re.search(r"\w", MARK.sub("", text))
    at = 0
    for mark in MARK.finditer(text):
        if mark.start() > at:
            yield Segment(text[at : mark.start()], supported=supported)
        for number in _mark_numbers(mark.group()):
            if number in numbers:
                yield Segment(f"[{number}]", number)
        at = mark.end()
    if at < len(text):
        yield Segment(text[at:], supported=supported)
