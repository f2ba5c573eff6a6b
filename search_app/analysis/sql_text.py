"""SQL that people type: its tokens, its named parameters, and what is not let through.

This is the first of several walls, and the one that gives the clear messages. It holds a query to
what `FUNCTIONS` names and to nothing of PostgreSQL's catalogue; the database's own walls (a role
without rights, a cursor that takes only SELECT, limits) do not depend on it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from search_app.analysis.sql_functions import FUNCTIONS, SYNTAX


class Refused(ValueError):  # noqa: N818 - a statement about the query
    """Why a query is not run, for its author to read."""


@dataclass(frozen=True)
class Token:
    """`kind`: string, name (folded, or quoted as it stands), parameter, number, sign."""

    kind: str
    text: str
    start: int
    end: int


# As PostgreSQL's scanner has them with standard_conforming_strings on.
SCANNER = re.compile(
    r"""
    (?P<space>\s+|--[^\r\n]*)
  | (?P<comment>/\*)
  | (?P<odd>[uU]&['"])
  | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*')
  | (?P<string>[bBxXnN]?'(?:[^']|'')*')
  | (?P<dollar>\$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?)\$)
  | (?P<quoted>"(?:[^"]|"")+")
  | (?P<name>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)
  | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<cast>::|:=)
  | (?P<parameter>:[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign>[^'"])
    """,
    re.X | re.S,
)
COMMENT = re.compile(r"/\*|\*/")
FIRST = {"select", "with", "values", "("}
# Names of what belongs to the server and not to its content, wherever they stand.
CLOSED = re.compile(
    r"pg_.*|information_schema|reg(class|proc|procedure|oper|operator|type|role|namespace|config"
    r"|dictionary|collation)|lo_.*|loread|lowrite|txid_.*|dblink.*|.*_to_xml.*|set_config"
    r"|current_setting|nextval|setval|currval|lastval|ts_stat|inet_(server|client)_.*|query_to_.*"
    r"|cursor_to_.*",
    re.S,
)
MOST_CHARS = 20_000
MOST_PARAMETERS = 30


def tokens(sql: str) -> list[Token]:
    """Without blanks and comments. Raises Refused for what is not closed or not readable."""
    found, place = [], 0
    while place < len(sql):
        match = SCANNER.match(sql, place)
        if match is None:
            raise Refused(f"A quote is opened and not closed: {sql[place : place + 20]}")
        kind, end = match.lastgroup or "", match.end()
        if kind == "tag":
            kind = "dollar"
        if kind == "odd":
            raise Refused("Unicode escapes (U&'…') are not taken: write the letters themselves.")
        if kind == "comment":
            end = _after_comment(sql, end)
        elif kind == "dollar":
            closed = sql.find(match[0], end)
            if closed < 0:
                raise Refused(f"A quote is opened and not closed: {match[0]}")
            end = closed + len(match[0])
            kind = "string"
        if kind not in ("space", "comment"):
            found.append(_token(kind, sql, place, end))
            _check_goes_on(found)
        place = end
    return found


def _check_goes_on(found: Sequence[Token]) -> None:
    """PostgreSQL takes a text in the line below another for more of it, and of E'…' with its
    escapes: its end would be another than here. Raises Refused."""
    before = found[-2:-1]
    if found[-1].kind == "string" and before and before[0].kind == "string":
        raise Refused("Two texts follow each other: write them as one, or join them with ||.")


def _token(kind: str, sql: str, start: int, end: int) -> Token:
    text = sql[start:end]
    if kind == "name":
        return Token("name", text.lower(), start, end)
    if kind == "quoted":
        return Token("name", text[1:-1].replace('""', '"'), start, end)
    kind = {"escaped": "string", "cast": "sign"}.get(kind, kind)
    return Token(kind, text[1:] if kind == "parameter" else text, start, end)


def _after_comment(sql: str, place: int) -> int:
    depth = 1
    for mark in COMMENT.finditer(sql, place):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    raise Refused("A comment is opened with /* and not closed.")


@dataclass(frozen=True)
class Statement:
    """One query: `sql` has $1, $2, … for `bound`, one each time a parameter stands there.

    `embedded`: which of `bound` are texts to be embedded, and bound as vectors.
    """

    sql: str
    bound: tuple[str, ...]
    embedded: tuple[bool, ...]

    @property
    def parameters(self) -> list[str]:
        """Each name once, in the order of the query."""
        return list(dict.fromkeys(self.bound))

    def is_embedded(self, name: str) -> bool:
        return any(
            vector for bound, vector in zip(self.bound, self.embedded, strict=True) if bound == name
        )


def statement(sql: str) -> Statement:
    """What was typed, checked and made ready to be sent. Raises Refused."""
    if "\x00" in sql:
        raise Refused("The query has a character that no text can have (NUL).")
    if len(sql) > MOST_CHARS:
        raise Refused(f"The query is longer than {MOST_CHARS} characters.")
    found = tokens(sql)
    while found and found[-1].text == ";" and found[-1].kind == "sign":
        found.pop()
    check(found)
    return _bind(sql[: found[-1].end], found)


def check(found: Sequence[Token]) -> None:
    """Raises Refused for more than one statement, other statements, and what is not allowed."""
    if not found:
        raise Refused("There is no query. Type one that begins with SELECT.")
    if found[0].text not in FIRST:
        raise Refused("Only queries are run: begin with SELECT, WITH or VALUES.")
    for place, token in enumerate(found):
        if token.kind == "sign" and token.text == ";":
            raise Refused("One query at a time: take away what stands after the semicolon.")
        if token.kind == "sign" and token.text == "$":
            raise Refused("Parameters have names here: write :name instead of $1.")
        if token.kind == "name":
            _check_name(found, place)


def _check_name(found: Sequence[Token], place: int) -> None:
    name = found[place].text
    if CLOSED.fullmatch(name.lower()):
        raise Refused(f"“{name}” is not for queries here: only the views and functions listed are.")
    called = place + 1 < len(found) and found[place + 1].text == "("
    if not called or name in FUNCTIONS or name in SYNTAX or name == "embed":
        return
    before = found[place - 1] if place else None
    if before and before.text in (")", "as", "with", "recursive"):
        return  # the columns of an alias
    raise Refused(
        f"The function “{name}” is not among those that queries may use. "
        "(Before the columns of an alias, write AS.)"
    )


def _bind(sql: str, found: Sequence[Token]) -> Statement:
    pieces: list[str] = []
    bound: list[str] = []
    embedded: list[bool] = []
    place = 0
    for index, token in enumerate(found):
        if token.kind == "name" and token.text == "embed" and _calls(found, index):
            # What is left is (:name). No function that stands before takes it for its arguments.
            pieces.append(f"{sql[place : token.start]}CAST")
            place = token.end
        if token.kind == "parameter":
            vector = index >= 2 and found[index - 2].text == "embed" and _calls(found, index - 2)
            bound.append(token.text)
            embedded.append(vector)
            suffix = " AS vector" if vector else ""
            pieces += [sql[place : token.start], f"${len(bound)}{suffix}"]
            place = token.end
    if len(set(bound)) > MOST_PARAMETERS:
        raise Refused(f"These are more than {MOST_PARAMETERS} parameters.")
    return Statement("".join(pieces) + sql[place:], tuple(bound), tuple(embedded))


def _calls(found: Sequence[Token], index: int) -> bool:
    """Whether `embed` stands before `(:name)`. Raises Refused where it calls anything else."""
    if index + 1 >= len(found) or found[index + 1].text != "(":
        return False
    inside = found[index + 2 : index + 4]
    if [one.kind for one in inside] == ["parameter", "sign"] and inside[1].text == ")":
        return True
    raise Refused("embed takes a parameter and nothing else: embed(:input).")
