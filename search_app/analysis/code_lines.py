"""The lines of source code to show of a passage."""

from collections.abc import Iterator, Sequence

LINES = 8
MOST = 800  # characters
STEP = 4  # spaces of a level


def window(text: str, match: int | None) -> tuple[int, int]:
    """Whole lines from that above the match, or from the beginning on; a long line is cut."""
    start = text.rfind("\n", 0, match or 0) + 1
    above = text.rfind("\n", 0, max(start - 1, 0)) + 1
    if text.count("\n") < LINES:
        start = 0
    elif text[above:start].strip():
        start = above
    end = start
    for _line in range(LINES):
        following = text.find("\n", end)
        if following < 0:
            end = len(text)
            break
        end = following + 1
    while match and match >= start + MOST:
        start += MOST
    end = min(end, start + MOST)
    return start, len(text[:end].rstrip("\n"))


def missing_indent(text: str) -> int:
    """How far the first line was indented: a passage begins with its first character. Told
    from the lines below it, which are as deep, or a step deeper after what opens a block."""
    first, *rest = text.split("\n")
    depths = {
        len(line) - len(line.lstrip(" ")): line.lstrip() for line in rest[::-1] if line.strip()
    }
    if not depths:
        return 0
    least = min(depths)
    closes = depths[least].startswith(("}", ")", "]"))
    opens = first.rstrip().endswith((":", "{", "(", "["))
    return least if closes or not opens else max(least - STEP, 0)


def pieces(
    text: str, start: int, end: int, spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[str, bool]]:
    """The window as it stands, cut at the spans, which are in rising order."""
    at = start
    for first, last in spans:
        if at < first:
            yield text[at:first], False
        yield text[first:last], True
        at = last
    if at < end:
        yield text[at:end], False
