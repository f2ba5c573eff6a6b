"""The timeline of a cluster: how many of its documents are of each month, or of each year."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from collections_app.services import Rejected
from search_app.models import Cluster
from search_app.queries import months

MOST = 120  # months that are shown; longer times are counted by the year,
MOST_YEARS = 200  # and of these the last


@dataclass(frozen=True)
class Span:
    """A month such as 2024-05, or a year, and how many documents are of it."""

    name: str
    count: int


def timeline(cluster: Cluster, field: str = "") -> list[Span]:
    """Every span from the first to the last that has a document; by a date of the metadata, or
    by when documents were added. Raises Rejected for what is no field with dates."""
    if field and field not in (known := months.fields(cluster)):
        raise Rejected(
            _("“%(name)s” holds no dates in these documents. There are: %(known)s.")
            % {"name": field[:100], "known": ", ".join(known) or "–"}
        )
    counts = months.counts(cluster, field)
    if not counts:
        return []
    first, last = (_number(month) for month in (counts[0][0], counts[-1][0]))
    if last - first < MOST:
        found = {_number(month): count for month, count in counts}
        return [
            Span(f"{number // 12:04d}-{number % 12 + 1:02d}", found.get(number, 0))
            for number in range(first, last + 1)
        ]
    return _by_year(counts)


def _by_year(counts: Sequence[tuple[int, int]]) -> list[Span]:
    years: dict[int, int] = {}
    for month, count in counts:
        years[month // 100] = years.get(month // 100, 0) + count
    first = max(min(years), max(years) - MOST_YEARS + 1)
    return [Span(f"{year:04d}", years.get(year, 0)) for year in range(first, max(years) + 1)]


def _number(month: int) -> int:
    """202405 as months since the year 0."""
    return month // 100 * 12 + month % 100 - 1
