"""Items of tables: files of rows, and what queries of databases give."""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from collections_app.pipeline import rows
from collections_app.pipeline.detect import TEXTS
from collections_app.pipeline.extracted import PLAIN
from collections_app.pipeline.rows.cells import checked
from collections_app.sources.items import Content, Context, Failed, Item, Validators
from collections_app.sources.options import Option
from collections_app.storage import Rejected

SAMPLE = 20  # rows by which columns are chosen where the source does not say

Rows = Iterable[rows.Row | rows.BadRow]


MEDIA_TYPE = Option("media_type", default=PLAIN, choices=TEXTS)


def check_plan(options: dict[str, Any]) -> None:
    """Raises Rejected where `plan` or `format` of the options are none."""
    try:
        if options["plan"]:
            rows.Plan.of(options["plan"])
        if options.get("format"):
            rows.RowFormat(**options["format"])
    except (TypeError, ValueError) as error:
        raise Rejected(_("The choice of columns cannot be read: %s.") % error) from error


def rows_of(path: Path, context: Context) -> Iterator[Item]:
    """An item for each row of the file. Raises Unreadable."""
    given = context.options["format"]
    form = rows.RowFormat(**given) if given else rows.sniff(path, context.options["name"])
    return items_of(rows.read(path, form), context)


def items_of(found: Rows, context: Context) -> Iterator[Item]:
    """An item for each row, under the id that the plan gives it; goes on after the cursor."""
    rest = iter(found)
    given = context.options["plan"]
    first = [] if given else list(islice(rest, SAMPLE))
    plan = rows.Plan.of(given) if given else rows.suggest(first)
    after = context.cursor or 0
    for row in _both(first, rest):
        if row.number > after:
            yield _item(plan.item(row), row.number, context.options["media_type"])


def query_rows(names: Sequence[str], found: Iterable[Sequence[Any]]) -> Rows:
    """The rows of a query's answer, with the types that JSON has."""
    for number, row in enumerate(found, start=1):
        cells = dict(zip(names, map(_plain, row), strict=True))
        yield checked(number, cells)


def _plain(value: Any) -> Any:
    """A value as JSON has it; bytes as text where they are some."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if whole else float(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "surrogateescape")
    return str(value)


def _both(first: Rows, rest: Rows) -> Iterator[rows.Row | rows.BadRow]:
    yield from first
    yield from rest


def _item(made: rows.Item | rows.BadRow, number: int, media_type: str) -> Item:
    def fetch(known: Validators) -> Content:
        if isinstance(made, rows.BadRow):
            raise Failed(made.reason)
        text = made.text if made.text.strip() else made.title
        return Content(text=text, media_type=media_type, title=made.title, metadata=made.metadata)

    bad = isinstance(made, rows.BadRow)
    key = _("row %(number)d") % {"number": number} if isinstance(made, rows.BadRow) else made.id
    return Item(key, fetch, cursor=number, listed=not bad)
