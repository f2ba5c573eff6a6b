"""Numbers and dates as metadata and filters write them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?")
_DATE = re.compile(
    r"(?P<year>\d{4})(-(?P<month>0[1-9]|1[0-2])(-(?P<day>0[1-9]|[12]\d|3[01])"
    r"([T ](?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)(:(?P<second>[0-5]\d))?)?)?)?"
)
_DIGITS = 14  # of a date written as one number


@dataclass(frozen=True)
class Period:
    """From `start` up to, and without, `end`, as `search_app_numbers_of` writes dates:
    20240531093000. Such numbers sort as the dates do."""

    start: int
    end: int


def number(text: str) -> Decimal | None:
    return Decimal(text) if text.isascii() and _NUMBER.fullmatch(text) else None


def period(text: str) -> Period | None:
    """The year, month, day, minute or second that the text names; None for what is no date."""
    if not text.isascii() or not _DATE.fullmatch(text):
        return None
    digits = re.sub(r"\D", "", text)
    unit = 10 ** (_DIGITS - len(digits))
    return Period(int(digits) * unit, (int(digits) + 1) * unit)


def moments(text: str) -> tuple[datetime, datetime] | None:
    """The beginning of the year, month, day or minute that the text names, and its end, which
    does not belong to it; without a time zone. None for what is no date."""
    match = _DATE.fullmatch(text) if text.isascii() else None
    if match is None:
        return None
    names = ("year", "month", "day", "hour", "minute", "second")
    given = [int(match[name]) for name in names if match[name]]
    try:
        start = datetime(*(given + [1] * (3 - len(given))))  # type: ignore[arg-type]
        return start, _after(start, len(given))
    except (ValueError, OverflowError):  # the 31st of June, the year 0
        return None


def _after(start: datetime, parts: int) -> datetime:
    if parts == 1:
        return start.replace(year=start.year + 1)
    if parts == 2:
        return (start + timedelta(days=31)).replace(day=1)
    return (
        start
        + (timedelta(days=1), timedelta(0), timedelta(minutes=1), timedelta(seconds=1))[parts - 3]
    )


def date_of(value: int) -> str:
    """The date that such a number stands for, without its time."""
    digits = f"{value:0{_DIGITS}d}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
