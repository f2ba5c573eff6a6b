"""What a search asks for, as it is understood: where, which documents, in which order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from collections_app.models import Collection, Viewer
from collections_app.services import Rejected
from search_app.analysis import query as syntax
from search_app.analysis.query import Field, Query
from search_app.queries import filters, words
from search_app.queries.scope import Condition

UNREADABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")  # no model and no table takes these


@dataclass(frozen=True)
class Asked:
    """`written` was read as `query`; `fields` are filters given beside it. `condition` is what
    all of it asks of documents; the text that is left ranks them."""

    written: str
    collections: list[Collection]
    query: Query
    fields: tuple[Field, ...] = ()
    condition: Condition | None = None

    @property
    def filters(self) -> list[str]:
        """Every condition on a field, as `filter` takes it."""
        return [field.written for field in (*self.query.fields, *self.fields)]


def readable(text: str) -> str:
    """The text without what cannot be searched for. Raises Rejected where it is too long."""
    text = UNREADABLE.sub(" ", text).strip()
    if len(text) > settings.MAX_QUERY_CHARS:
        raise Rejected(
            _("This is too long to search for: %(length)d characters, the most is %(most)d.")
            % {"length": len(text), "most": settings.MAX_QUERY_CHARS}
        )
    return text


def checked(text: str) -> str:
    """The text as it can be searched for. Raises Rejected: empty, too long."""
    text = readable(text)
    if not text:
        raise Rejected(_("There is nothing to search for. Enter some words."))
    return text


def understood(
    user: Viewer,
    text: str,
    collection: Collection | None = None,
    wanted: Sequence[str] = (),
    *,
    plain: bool = False,
    among: Sequence[int] = (),
) -> Asked:
    """Text and filters (`field:value`) over what the user may see; `plain` text has no syntax.
    `among` are the numbers of the collections that are searched, where there are several.

    Raises Rejected for a filter that is none or cannot be, or where nothing is asked at all.
    """
    text = readable(text) if wanted else checked(text)
    collections = visible(user, collection, among)
    fields = tuple(_field(one) for one in wanted)
    query = Query(text) if plain else _read(text, collections)
    condition = filters.all_of(
        filters.condition([*query.fields, *fields], collections, user),
        words.condition(query, collections),
    )
    return Asked(text, collections, query, fields, condition)


def conditions(user: Viewer, collection: Collection, wanted: Sequence[str]) -> Condition | None:
    """What filters alone ask of a collection's documents. Raises Rejected."""
    return filters.condition([_field(one) for one in wanted], [collection], user)


def visible(
    user: Viewer, collection: Collection | None, among: Sequence[int] = ()
) -> list[Collection]:
    """The collections that are searched: what the user may see of them.

    One that is given was read for this request: who may see it is told by its row.
    """
    if collection is not None:
        return [collection] if collection.is_visible_to(user) else []
    rows = Collection.objects.visible_to(user).select_related("embedding_model")
    return list((rows.filter(pk__in=among) if among else rows).order_by("pk"))


def _read(text: str, collections: Sequence[Collection]) -> Query:
    """In its parts. A field that no document has, or a value that it cannot have, is text."""
    named = syntax.names(text)
    known = filters.known([one.pk for one in collections], named) if named else set()

    def is_meant(field: Field) -> bool:
        if field.name in syntax.RESERVED:
            return filters.is_possible(field)
        return field.name.removeprefix(syntax.METADATA) in known

    return syntax.parse(text, is_meant)


def _field(written: str) -> Field:
    field = syntax.condition(UNREADABLE.sub(" ", written))
    if field is None:
        raise Rejected(no_filter(written))
    return field


def no_filter(written: str) -> str:
    """What is told of it."""
    return _(
        "“%(filter)s” is no filter. Write field:value, such as type:pdf or year:2020..2024."
    ) % {"filter": written.strip()[:100]}
