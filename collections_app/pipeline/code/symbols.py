"""What stands in a source file, and texts made of parts of it."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

MODULE = "module"
FUNCTION = "function"
METHOD = "method"
MOST_SIGNATURE = 2000  # characters
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True)
class Symbol:
    """A function, a method or a type; or, as `module`, what a file says beside these.

    `name` is qualified by what it stands in: `Search.run`. `source` is what the file says from
    `line` to `end_line`, decorators and the comments above included. `outline` is the source
    of a type with the bodies of its functions left out, and `lines` the lines of the file that
    those of the outline are (`3-9,14`). `typed` is "no", "partially", "fully" or, for what
    takes no types, empty; `binding` is "static", "class" or empty.
    """

    name: str
    kind: str
    line: int
    end_line: int
    column: int
    signature: str
    docstring: str
    source: str
    outline: str
    lines: str
    public: bool
    is_async: bool = False
    typed: str = ""
    binding: str = ""

    @property
    def documented(self) -> bool:
        return bool(self.docstring)

    @property
    def is_type(self) -> bool:
        """A class or what other languages have for it."""
        return self.kind not in (MODULE, FUNCTION, METHOD)

    @property
    def own_name(self) -> str:
        return self.name.rpartition(".")[2]

    def packed(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        return asdict(self)

    @classmethod
    def unpacked(cls, values: dict[str, Any]) -> "Symbol":
        """What `packed` gave."""
        return cls(**{one.name: values[one.name] for one in fields(cls)})


@dataclass(frozen=True)
class Cut:
    """Bytes of a file that an outline leaves out, and what it says in their place."""

    start: int
    end: int
    instead: str


class Source:
    """The text of a file by bytes (of UTF-8) and by lines, which count from 1."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(self.data))]

    def line_at(self, position: int) -> int:
        return bisect_right(self._starts, position)

    def start_of(self, line: int) -> int:
        return self._starts[line - 1]

    def end_of(self, line: int) -> int:
        """Where the line ends, without its line break."""
        if line >= len(self._starts):
            return len(self.data)
        return self.start_of(line) + len(
            self.data[self.start_of(line) : self.start_of(line + 1)].rstrip(b"\r\n")
        )

    def indented(self, position: int) -> int:
        """The start of the line where nothing but white space stands before, else `position`."""
        start = self.start_of(self.line_at(position))
        return position if self.data[start:position].strip() else start

    def between(self, start: int, end: int) -> str:
        return self.data[start:end].decode()

    def module(self, cuts: Iterable[Cut], docstring: str = "") -> Symbol:
        """What the whole file says with what is cut out of it left out."""
        end = len(self.data)
        outline, lines = self.outline(0, end, cuts)
        return Symbol(
            name="",
            kind=MODULE,
            line=1,
            end_line=self.line_at(end),
            column=1,
            signature="",
            docstring=docstring,
            source=self.between(0, end),
            outline=outline,
            lines=lines,
            public=True,
        )

    def outline(self, start: int, end: int, cuts: Iterable[Cut]) -> tuple[str, str]:
        """(text, lines): what stands there without the cuts, and which lines of the file it
        is. Cuts within cuts count for nothing."""
        pieces: list[str] = []
        lines = [self.line_at(start)]
        at = start
        for cut in sorted(cuts, key=lambda cut: cut.start):
            if cut.start < at or cut.end > end:
                continue
            pieces += [self.between(at, cut.start), cut.instead]
            lines += self._lines_begun(at, cut.start)
            at = cut.end
        pieces.append(self.between(at, end))
        lines += self._lines_begun(at, end)
        return "".join(pieces), ranges(lines)

    def _lines_begun(self, start: int, end: int) -> range:
        return range(self.line_at(start) + 1, self.line_at(end) + 1)


def ranges(lines: Sequence[int]) -> str:
    """Rising numbers as `3-9,14`."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return ",".join(f"{first}-{last}" if first < last else str(first) for first, last in runs)


def one_line(text: str) -> str:
    """A signature on one line, and not endless."""
    return " ".join(text.split())[:MOST_SIGNATURE]
