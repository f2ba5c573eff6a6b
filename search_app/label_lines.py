"""Labels with their descriptions or examples, as people write them down: lines, CSV or JSON."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from collections_app.services import Rejected
from search_app.asking import UNREADABLE

LABEL = ("label", "name", "class", "category")  # names of the column, or the key, of labels
TEXT = ("description", "text", "example", "examples")
LONGEST = 200  # characters of a label
DEWEY = Path(__file__).with_name("examples_dewey.txt")  # the ten main classes, in our own words

Labels = dict[str, list[str]]


def lines(text: str) -> list[str]:
    """The examples in a field, one a line."""
    return [line for raw in text.splitlines() if (line := raw.replace("\x00", "").strip())]


def labelled(text: str) -> Labels:
    """{label: [text, ...]} of `label: text` lines, of CSV with a column `label` and one
    `description`, or of JSON: `{"label": "description"}`, or a list of objects with these keys.

    Raises Rejected for what has no label or no text.
    """
    text = text.lstrip("\ufeff").replace("\x00", "").strip()
    if text[:1] in ("{", "["):
        return _json(text)
    first = text.split("\n", 1)[0]
    mark = next((one for one in ",;\t" if LABEL[0] in _names(first.split(one))), "")
    return _csv(text, mark) if mark else _lines(text)


def _lines(text: str) -> Labels:
    found: Labels = {}
    for line in lines(text):
        label, colon, example = line.partition(":")
        if not colon or not label.strip() or not example.strip():
            raise Rejected(_("This line is no “label: example”: %(line)s") % {"line": line[:80]})
        _add(found, label, example)
    return found


def _csv(text: str, mark: str) -> Labels:
    found: Labels = {}
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    except csv.Error as error:
        raise Rejected(_("This is no CSV: %(error)s.") % {"error": error}) from error
    names = _names(rows[0])
    at = next((names.index(one) for one in TEXT if one in names), -1)
    if at < 0:
        raise Rejected(_("The CSV has a column “label” and none “description”. Name one so."))
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = row + [""] * len(names)
        if not _add(found, cells[names.index(LABEL[0])], cells[at]):
            raise Rejected(_("Row %(number)d has no label or no description.") % {"number": number})
    return found


def _json(text: str) -> Labels:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Rejected(_("This is no JSON: %(error)s.") % {"error": str(error)[:100]}) from error
    found: Labels = {}
    for label, texts in _pairs(read):
        for one in texts if isinstance(texts, list) else [texts]:
            if (
                not isinstance(label, str)
                or not isinstance(one, str)
                or not _add(found, label, one)
            ):
                raise Rejected(
                    _(
                        "JSON wants {“label”: “description”} or a list of objects with the keys "
                        "“label” and “description”; this is neither: %(label)s"
                    )
                    % {"label": str(label)[:80]}
                )
    return found


def _pairs(read: Any) -> list[tuple[Any, Any]]:
    if isinstance(read, dict):
        return list(read.items())
    return [
        (_first(one, LABEL), _first(one, TEXT)) if isinstance(one, dict) else (one, None)
        for one in read
    ]


def _first(row: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if name in row), None)


def _names(cells: list[str]) -> list[str]:
    return [cell.strip().strip('"').casefold() for cell in cells]


def named(examples: Labels) -> Labels:
    """Examples by their labels as a program gives them, cleaned. Raises Rejected for a label or a
    text that is empty."""
    found: Labels = {}
    for label, texts in examples.items():
        if not all(_add(found, label, one) for one in texts):
            raise Rejected(_("A label or an example is empty. Write one, or leave it out."))
    return found


def _add(found: Labels, label: str, text: str) -> bool:
    label, text = (UNREADABLE.sub(" ", one).strip() for one in (label, text))
    label = label[:LONGEST].strip()
    if not label or not text:
        return False
    found.setdefault(label, []).append(text)
    return True
