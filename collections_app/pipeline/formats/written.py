"""Text of documents as Markdown: what a writer of Markdown would have typed."""

import re
from collections.abc import Iterable, Sequence

_MOST_COLUMNS = 1000
# What would make something else of the beginning of a paragraph.
_MARKER = re.compile(r"(?:#{1,6}|[-+*>]|```|~~~)(?:\s|$)")
_NUMBERED = re.compile(r"\d{1,9}[.)]\s")


def heading(level: int, words: str) -> str:
    """`## words`; empty for no words."""
    words = " ".join(words.split())
    return f"{'#' * min(max(level, 1), 6)} {words}" if words else ""


def paragraph(words: str) -> str:
    """The words, whose beginning is no marker of Markdown's."""
    lines = (line.strip() for line in words.split("\n"))
    return "\n".join(_escaped(line) for line in lines if line)


def item(level: int, words: str, numbered: bool = False) -> str:
    """An item of a list, `level` 0 outermost."""
    words = " ".join(words.split())
    return f"{'   ' * min(level, 8)}{'1.' if numbered else '-'} {words}" if words else ""


def row(cells: Sequence[str]) -> str:
    """A row of a table."""
    kept = [" ".join(cell.split()).replace("|", "\\|") for cell in cells[:_MOST_COLUMNS]]
    return f"| {' | '.join(kept)} |"


def rule(columns: int) -> str:
    """What stands under the first row of a table."""
    return f"|{' --- |' * min(max(columns, 1), _MOST_COLUMNS)}"


def table(rows: Iterable[Sequence[str]]) -> str:
    """A table; its first row is its head. Empty where no cell has words."""
    kept = [list(cells) for cells in rows if any(cell.strip() for cell in cells)]
    if not kept:
        return ""
    columns = max(len(cells) for cells in kept)
    lines = [row([*cells, *[""] * (columns - len(cells))]) for cells in kept]
    return "\n".join([lines[0], rule(columns), *lines[1:]])


def _escaped(line: str) -> str:
    if _NUMBERED.match(line):
        return re.sub(r"(?<=\d)(?=[.)])", r"\\", line, count=1)
    return f"\\{line}" if _MARKER.match(line) else line
