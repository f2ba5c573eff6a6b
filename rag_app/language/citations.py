"""Citations in the text of a chat model: `[1]`, `[1, 2]`, `[1][2]`, `[1-3]`."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from collections_app.pipeline.sentences import sentences

NUMBERS = r"\d{1,4}(?:\s*[-–,;，、]\s*\d{1,4})*"
MARK = re.compile(rf"(?:\[\s*{NUMBERS}\s*\]|【\s*{NUMBERS}\s*】)")
MARKS_AFTER = re.compile(rf"(?:[ \t]*{MARK.pattern})+")
RANGE = re.compile(r"(\d+)\s*[-–]\s*(\d+)|(\d+)")
LONGEST_RANGE = 50


@dataclass(frozen=True)
class Segment:
    """A piece of an answer: plain text, or the number of a citation.

    `supported` is False for text of a sentence that no passage supports: `why` says what was
    found (`support.Check`), `missing` what stands in no source. A citation has the characters
    of its document that support the sentence, `start` to `end`, what they say, and the address
    that opens them, which a caller who knows addresses fills in.
    """

    text: str
    number: int | None = None
    supported: bool = True
    why: str = ""
    missing: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None
    quote: str = ""
    url: str = ""


@dataclass(frozen=True)
class Parsed:
    """An answer in segments, the numbers it cites (in order), and those that do not exist."""

    segments: list[Segment]
    cited: list[int]
    unknown: list[int]


@dataclass(frozen=True)
class Said:
    """A sentence of an answer: its span with its marks, its words without them, and the numbers
    they give. `says`: it has words at all."""

    start: int
    end: int
    text: str
    numbers: tuple[int, ...]

    @property
    def says(self) -> bool:
        return bool(re.search(r"\w", self.text))


def said(text: str, numbers: Collection[int]) -> list[Said]:
    """The sentences of an answer, which cover it; marks of no passage count for nothing."""
    made = []
    for start, end in _sentences_with_marks(text):
        given = dict.fromkeys(one for one in _numbers(text[start:end]) if one in numbers)
        words = MARK.sub("", text[start:end]).strip()
        made.append(Said(start, end, words, tuple(given)))
    return made


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


def checked(text: str, checks: Sequence["Checked"], numbers: Collection[int]) -> list[Segment]:
    """An answer whose sentences have been checked, in segments: where one is supported its marks
    are those of the spans that support it, else those that the model gave."""
    return [
        segment
        for one in checks
        for segment in _of_sentence(text[one.start : one.end], one, numbers)
    ]


class Checked(Protocol):
    """What `checked` needs of a `support.Check`."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def why(self) -> str: ...
    @property
    def missing(self) -> Sequence[str]: ...
    @property
    def spans(self) -> Sequence["Spanned"]: ...


class Spanned(Protocol):
    """What it needs of a `support.Span`."""

    @property
    def number(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def _of_sentence(text: str, check: Checked, numbers: Collection[int]) -> Iterator[Segment]:
    supported = not check.why
    spans = {span.number: span for span in reversed(check.spans)} if supported else {}
    left = dict.fromkeys(span.number for span in check.spans) if supported else {}
    at = 0
    for mark in MARK.finditer(text):
        given = dict.fromkeys(_mark_numbers(mark.group()))
        kept = [one for one in given if (one in left if supported else one in numbers)]
        said = text[at : mark.start()]
        if said := said if kept else said.rstrip():  # no blank before the stop of a sentence
            yield _words(said, check)
        for number in kept:
            left.pop(number, None)
            yield _mark(spans[number]) if supported else _unfounded(number)
        at = mark.end()
    rest = text[at:]
    body = rest.rstrip()
    if body:
        yield _words(body, check)
    for number in left:
        yield _mark(spans[number])
    if rest[len(body) :]:
        yield Segment(rest[len(body) :])


def _words(text: str, check: Checked) -> Segment:
    return Segment(text, supported=not check.why, why=check.why, missing=tuple(check.missing))


def _unfounded(number: int) -> Segment:
    return Segment(f"[{number}]", number, supported=False)


def _mark(span: Spanned) -> Segment:
    return Segment(f"[{span.number}]", span.number, start=span.start, end=span.end)


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
