"""What the search page shows of filters: chips to take away, counts to narrow down by."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from collections_app.format_names import format_name
from collections_app.models import Collection
from search_app.asking import Asked
from search_app.queries.facets import Count, Facet


@dataclass(frozen=True)
class Link:
    """A choice: where it leads, of how many documents, and whether it is made already."""

    label: str
    url: str
    count: int = 0
    chosen: bool = False


@dataclass(frozen=True)
class Choices:
    """The values of one field."""

    title: str
    links: list[Link]
    ascending: str = ""  # where the field can order the hits
    descending: str = ""


def address(given: QueryDict, **changes: object) -> str:
    """The page's address with these parameters in place of those given; None takes one away."""
    query = given.copy()
    for name in ("page", *changes):
        query.pop(name, None)
    for name, value in changes.items():
        if value is not None:
            query.setlist(name, value if isinstance(value, list) else [str(value)])
    return f"?{query.urlencode()}"


def chips(given: QueryDict, asked: Asked) -> list[Link]:
    """What was understood besides the text; each leads to the search without it."""
    parts = [
        Link(part.written, address(given, q=part.without(asked.written)))
        for part in asked.query.parts
    ]
    filters = given.getlist("filter")
    return parts + [
        Link(written, address(given, filter=filters[:place] + filters[place + 1 :]))
        for place, written in enumerate(filters)
    ]


def choices(
    given: QueryDict, facets: Sequence[Facet], collections: Sequence[Collection]
) -> list[Choices]:
    names = {str(one.pk): one.name for one in collections}
    return [
        Choices(
            _title(facet.name),
            [_link(given, facet, count, names) for count in facet.counts],
            address(given, sort=facet.name) if facet.kind else "",
            address(given, sort=f"-{facet.name}") if facet.kind else "",
        )
        for facet in facets
    ]


def orders(given: QueryDict, has_text: bool) -> list[Link]:
    """The orders that every search has, and the one that is in force."""
    current = given.get("sort", "") or ("relevance" if has_text else "-added")
    named = [("relevance", _("Best first"))] if has_text else []
    named += [("-added", _("Newest first")), ("added", _("Oldest first"))]
    if current not in dict(named):
        direction = _("high to low") if current.startswith("-") else _("low to high")
        named.append((current, f"{current.removeprefix('-')}: {direction}"))
    return [
        Link(label, address(given, sort=order), chosen=order == current) for order, label in named
    ]


def _link(given: QueryDict, facet: Facet, count: Count, names: dict[str, str]) -> Link:
    if facet.name == "collection":
        return Link(names.get(count.value, ""), address(given, c=count.value), count.count)
    chosen = given.getlist("filter")
    is_chosen = count.filter in chosen
    others = [one for one in chosen if one != count.filter]
    label = count.value
    if facet.name == "type":
        label = format_name(label)
    elif facet.name == "language":
        label = str(Collection.Language(label).label)
    url = address(given, filter=others if is_chosen else [*chosen, count.filter])
    return Link(label or "“”", url, count.count, is_chosen)


def _title(name: str) -> str:
    titles = {"type": _("Type"), "language": _("Language"), "collection": _("Collection")}
    return titles.get(name, name)
