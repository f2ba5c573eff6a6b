"""The part of a passage that shows best why it was found."""

from collections.abc import Iterator, Mapping, Sequence

from collections_app.pipeline.code import by_media_type
from collections_app.pipeline.extracted import MARKDOWN
from collections_app.pipeline.plain import markup, shown
from collections_app.pipeline.sentences import one_by_one, sentences
from collections_app.pipeline.terms import spans_of
from search_app.analysis import code_lines, stopwords

WIDTH = 300  # characters shown
LEAD = 80  # of them at most before the first match
REPEATED = 0.1  # what a term that the window already holds adds, against the first
OPENING = 30  # characters from which a sentence is more than a heading

Snippet = list[tuple[str, bool]]  # pieces in order; True: to be marked
Span = tuple[str, int, int]


def snippet(
    text: str, rarities: Mapping[str, float], language: str, media_type: str = ""
) -> Snippet:
    """The window of `text` with the most of these terms, the terms marked.

    Where none stands in it, the window begins at the first whole sentence. Markdown is
    shown without its marks and the targets of its links, code in whole lines as it stands.
    """
    hidden = markup(text) if media_type == MARKDOWN else []
    spans = [span for span in _matches(text, rarities, language) if _is_shown(span, hidden)]
    start = _densest(spans, rarities) if spans else None
    if by_media_type(media_type):
        first, last = code_lines.window(text, start)
        return list(code_lines.pieces(text, first, last, _merged(spans, first, last)))
    start, end = _window(text, _opening(text) if start is None else max(0, start - LEAD), start)
    return list(_pieces(text, start, end, spans, hidden))


def _is_shown(span: Span, hidden: Sequence[tuple[int, int]]) -> bool:
    return not any(start < span[2] and span[1] < end for start, end in hidden)


def _matches(text: str, rarities: Mapping[str, float], language: str) -> list[Span]:
    """Where the terms stand; words like "the" only if there are no others."""
    spans = spans_of(rarities, text, language)
    telling = [s for s in spans if not stopwords.says_nothing(text[s[1] : s[2]], language)]
    return telling or spans


def _densest(spans: Sequence[Span], rarities: Mapping[str, float]) -> int:
    """Where the first match of the best window begins; the earliest of equal ones."""

    def worth(first: int) -> float:
        seen: set[str] = set()
        total = 0.0
        for term, _start, end in spans[first:]:
            if end > spans[first][1] + WIDTH - LEAD:
                break
            total += rarities[term] * (REPEATED if term in seen else 1.0)
            seen.add(term)
        return total

    best = max(range(len(spans)), key=lambda first: (round(worth(first), 9), -first))
    return spans[best][1]


def _opening(text: str) -> int:
    """Where the first sentence that says something begins."""
    for start, end in one_by_one(text):
        if end - start >= OPENING:
            return start
    return 0


def _window(text: str, start: int, match: int | None) -> tuple[int, int]:
    """About WIDTH characters from `start` on, moved to the edges of sentences or words."""
    if len(text) <= WIDTH:
        return 0, len(text)
    if start and match is not None:
        edges = [begin for begin, _ in sentences(text) if start <= begin <= match]
        start = edges[0] if edges else _after_space(text, start, match)
    end = min(start + WIDTH, len(text))
    if end < len(text):
        space = max(text.rfind(mark, start + WIDTH // 2, end) for mark in " \n")
        end = end if space < 0 else space
    return start, end


def _after_space(text: str, start: int, match: int) -> int:
    """The first beginning of a word from `start` on, not beyond the match."""
    for at in range(start, match):
        if text[at - 1].isspace():
            return at
    return start


def _pieces(
    text: str, start: int, end: int, spans: Sequence[Span], hidden: Sequence[tuple[int, int]]
) -> Iterator[tuple[str, bool]]:
    """The window cut at the matches; overlapping ones are one; cut ends show it by "…"."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    plain = "…" if text[:start].strip() else ""
    at = start
    for first, last in _merged(spans, start, end):
        plain += shown(text, at, first, hidden)
        if plain:
            yield plain, False
        yield text[first:last], True
        plain, at = "", last
    plain += shown(text, at, end, hidden) + ("…" if text[end:].strip() else "")
    if plain:
        yield plain, False


def _merged(spans: Sequence[Span], start: int, end: int) -> list[tuple[int, int]]:
    """Spans within the window, those that touch or overlap joined."""
    merged: list[tuple[int, int]] = []
    for _term, first, last in sorted(spans, key=lambda span: span[1:]):
        if first < start or last > end:
            continue
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return merged
