"""Patterns of paths: `*` and `?` within a part, `**` for any folders, several after blanks."""

import re
from fnmatch import translate

from django.utils.translation import gettext as _

from collections_app.storage import Rejected

PATTERN_LENGTH = 500
EVERYTHING = "**/*"

Part = re.Pattern[str] | None  # None stands for `**`
Pattern = list[list[Part]]


def pattern(text: str) -> Pattern:
    """`**/*.md`, or several with blanks between them. Raises Rejected for what is none."""
    if len(text) > PATTERN_LENGTH or ".." in text.split("/"):
        raise Rejected(_("The pattern is too long, or climbs with “..”."))
    return [
        [None if part == "**" else re.compile(translate(part)) for part in one.split("/") if part]
        for one in text.split() or [EVERYTHING]
    ]


def matches(wanted: Pattern, path: str) -> bool:
    parts = path.split("/")
    return any(_match(one, parts) for one in wanted)


def _match(wanted: list[Part], parts: list[str]) -> bool:
    """By all positions of the pattern that the parts so far can lead to: no backtracking."""
    at = _skipped({0}, wanted)
    for part in parts:
        reached = set()
        for n in at:
            if n < len(wanted) and wanted[n] is None:
                reached.add(n)
            elif n < len(wanted) and _fits(wanted[n], part):
                reached.add(n + 1)
        at = _skipped(reached, wanted)
    return len(wanted) in at


def _fits(wanted: Part, part: str) -> bool:
    return wanted is not None and wanted.match(part) is not None


def _skipped(at: set[int], wanted: list[Part]) -> set[int]:
    """The positions, and those behind a `**`, which may stand for nothing."""
    found = set(at)
    for n in sorted(at):
        while n < len(wanted) and wanted[n] is None:
            n += 1
            found.add(n)
    return found
