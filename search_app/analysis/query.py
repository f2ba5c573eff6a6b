"""What a query asks for: free text, "phrases", -excluded words, field:value, prefix*.

Nothing is ever wrong with a query: what only looks like syntax (an address, a time of day, a
compiler's flag, a field that no document has) is plain text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

RESERVED = ("id", "title", "type", "language", "source", "added", "map_area", "map_cluster")
METADATA = "metadata."  # before a key that is named like one of these

Kind = Literal["phrase", "excluded", "field", "prefix"]
Operation = Literal["is", "range", "exists", "prefix"]

# Nothing is read twice, whatever a query holds: quotation marks end at the next opening one, and
# what is read is not given back (`*+`). So a query takes time in proportion to its length.
_QUOTED = r"\"[^\"]*+\"|“[^“”]*+”|„[^„“”]*+[“”]"
_NAME = r"[^\W\d][\w.\-]*+"
_PART = re.compile(
    rf"(?<!\S)(?:(?P<minus>-)?(?P<name>{_NAME}|{_QUOTED}):(?P<value>{_QUOTED}|[^\s\":/“„][^\s\"“„]*+)"
    rf"|(?P<not>-)?(?P<quoted>{_QUOTED})"
    r"|-(?P<word>[^\W\d_]{2}[\w'’.\-]*+)"
    r"|(?P<prefix>\w[\w.\-]*\w)\*)"
    r"(?=\s|$|[,.;!?)\]]++(?:\s|$))"
)
_BOUND = re.compile(r"(>=|<=|>|<)(.+)", re.DOTALL)


@dataclass(frozen=True)
class Field:
    """One condition on a field. `value` is what `is` and `prefix` compare with; a range has
    `low` and `high`, empty for no bound, which belong to it unless `open`."""

    name: str
    operation: Operation
    value: str = ""
    low: str = ""
    high: str = ""
    open: bool = False
    negated: bool = False

    @property
    def written(self) -> str:
        """As it stands in a query and in an address; `field` reads it back."""
        name = self.name if re.fullmatch(_NAME, self.name) else f'"{self.name}"'
        return f"{'-' * self.negated}{name}:{self.written_value}"

    @property
    def written_value(self) -> str:
        """What stands behind the colon."""
        if self.operation == "exists":
            return "*"
        if self.operation == "prefix":
            return f"{self.value}*"
        if self.operation == "is":
            plain = re.fullmatch(r"[^\s\":/“„*<>][^\s\"“„*]*", self.value)
            return self.value if plain and ".." not in self.value else f'"{self.value}"'
        if not self.open:
            return f"{self.low}..{self.high}"
        return f">{self.low}" if self.low else f"<{self.high}"


@dataclass(frozen=True)
class Part:
    """A piece of syntax as it was written, and where it stands in the query."""

    kind: Kind
    written: str
    start: int
    end: int

    def without(self, text: str) -> str:
        """The query, of which this is a part, once it is taken away."""
        return " ".join((text[: self.start] + text[self.end :]).split())


@dataclass(frozen=True)
class Query:
    """`text` is what is left to look for by meaning and by words: phrases and prefixes stand
    in it without their signs. `excluded` has words and phrases."""

    text: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    prefixes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


def names(text: str) -> set[str]:
    """Fields that the text may mean, beside the reserved ones: metadata keys, if there are such."""
    found = {_name(match) for match in _matches(text) if match["name"]}
    return {name.removeprefix(METADATA) for name in found if name not in RESERVED}


def is_reserved(field: "Field") -> bool:
    return field.name in RESERVED


def parse(text: str, is_meant: Callable[[Field], bool] = is_reserved) -> Query:
    """The query in its parts. Fields that are not meant are text."""
    fields: list[Field] = []
    words: dict[Kind, list[str]] = {"phrase": [], "excluded": [], "prefix": []}
    parts: list[Part] = []
    left, at = "", 0
    for match in _matches(text):
        kind, said = _read(match)
        if isinstance(said, Field) and not is_meant(said):
            continue
        parts.append(Part(kind, match.group(), match.start(), match.end()))
        left, at = left + text[at : match.start()], match.end()
        if isinstance(said, Field):
            fields.append(said)
            continue
        words[kind].append(said)
        left += "" if kind == "excluded" else said
    return Query(
        " ".join((left + text[at:]).split()),
        tuple(words["phrase"]),
        tuple(words["excluded"]),
        tuple(fields),
        tuple(words["prefix"]),
        tuple(parts),
    )


def _matches(text: str) -> list[re.Match[str]]:
    return [m for m in _PART.finditer(text) if m["quoted"] is None or m["quoted"][1:-1].strip()]


def _name(match: re.Match[str]) -> str:
    name = match["name"] or ""
    return name if re.fullmatch(_NAME, name) else name[1:-1]


def _read(match: re.Match[str]) -> tuple[Kind, "str | Field"]:
    """What the piece is, and what it says."""
    if match["name"]:
        return "field", field(_name(match), match["value"], negated=bool(match["minus"]))
    if match["quoted"]:
        phrase = " ".join(match["quoted"][1:-1].split())
        return ("excluded" if match["not"] else "phrase"), phrase
    if match["word"]:
        return "excluded", match["word"]
    return "prefix", match["prefix"]


def condition(written: str) -> Field | None:
    """`name:value`, alone, as the parameter `filter` has it; None for what is none."""
    match = re.fullmatch(rf"\s*(-)?({_NAME}|{_QUOTED}):(\S.*?)\s*", written, re.DOTALL)
    if match is None:
        return None
    name = match[2] if re.fullmatch(_NAME, match[2]) else match[2][1:-1]
    if len(match[3]) > 1 and match[3][0] == match[3][-1] == '"':  # whatever stands between
        return Field(name, "is", match[3][1:-1], negated=bool(match[1]))
    return field(name, match[3], negated=bool(match[1]))


def field(name: str, value: str, *, negated: bool = False) -> Field:
    """The condition that a value asks for: `>10`, `2020..2024`, `*`, `pre*`, or itself."""
    if re.fullmatch(_QUOTED, value):
        return Field(name, "is", value[1:-1], negated=negated)
    if value == "*":
        return Field(name, "exists", negated=negated)
    if bound := _BOUND.fullmatch(value):
        sign, limit = bound.groups()
        ends = {"low": limit} if sign[0] == ">" else {"high": limit}
        return Field(name, "range", **ends, open=len(sign) == 1, negated=negated)
    low, dots, high = value.partition("..")
    if dots and (low or high):
        return Field(name, "range", low=low, high=high, negated=negated)
    if value.endswith("*"):
        return Field(name, "prefix", value[:-1], negated=negated)
    return Field(name, "is", value, negated=negated)
