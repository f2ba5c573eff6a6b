"""What a search field suggests while one types: past searches, titles of documents."""

from dataclasses import dataclass

from collections_app.models import Collection, Viewer
from search_app import past
from search_app.asking import UNREADABLE
from search_app.queries import titles
from search_app.queries.titles import Titled

MOST = 8
MOST_PAST = 3  # of them, where something was typed
MOST_CHARS = 200  # nobody is helped by suggestions for more than that
SHORTEST_WORD = 2  # that is looked for within titles
SPARE = 3 * MOST  # titles that are read: some are the same


@dataclass(frozen=True)
class Suggestion:
    """A past search, or the title of a document, with its ids."""

    text: str
    document: int | None = None
    collection: int | None = None


def suggest(user: Viewer, text: str, collection: Collection | None = None) -> list[Suggestion]:
    """At most MOST: the user's past searches, titles that begin with the text, titles that have
    its words inside. Without text past searches alone.

    Titles are of what the user may see, or of the one collection if the user may see that.
    """
    text = past.one_line(UNREADABLE.sub(" ", text))
    if len(text) > MOST_CHARS:
        return []
    most_past = MOST_PAST if text else MOST
    found = [Suggestion(one) for one in past.matching(user, text, most_past)]
    if text:
        ids = _ids(user, collection)
        found += _titles(text, ids, MOST - len(found))
    return found


def _titles(text: str, collections: list[int], limit: int) -> list[Suggestion]:
    """Each title once in a collection."""
    found = _different(titles.beginning(text, collections, SPARE))
    if len(found) < limit and len(text.split()[-1]) >= SHORTEST_WORD:
        found = _different([*found, *titles.with_words(text, collections, SPARE)])
    return [Suggestion(one.title, one.document, one.collection) for one in found[:limit]]


def _different(found: list[Titled]) -> list[Titled]:
    first: dict[tuple[int, str], Titled] = {}
    for one in found:
        first.setdefault((one.collection, one.title.casefold()), one)
    return list(first.values())


def _ids(user: Viewer, collection: Collection | None) -> list[int]:
    rows = Collection.objects.visible_to(user)
    if collection is not None:
        rows = rows.filter(pk=collection.pk)
    return list(rows.order_by("pk").values_list("pk", flat=True))
