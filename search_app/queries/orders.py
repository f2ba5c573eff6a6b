"""Documents in an order of their own: by when they were added, by a number or date they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from collections_app.services import Rejected
from search_app.analysis.query import METADATA
from search_app.queries.scope import Condition

RELEVANCE = "relevance"
ADDED = "added"


@dataclass(frozen=True)
class Order:
    """By `added`, or by a key of the metadata."""

    name: str
    descending: bool

    @property
    def direction(self) -> str:
        return "DESC" if self.descending else "ASC"


def order(written: str, collection_ids: Sequence[int]) -> Order | None:
    """`added`, `-added`, `price`, `-price`; None for `relevance` and for nothing.

    Raises Rejected for a field that no document has a number or date in.
    """
    if written in ("", RELEVANCE):
        return None
    name = written.removeprefix("-").removeprefix(METADATA)
    if name != ADDED and not _is_number(name, collection_ids):
        raise Rejected(
            _("Nothing here has a number or a date in “%(name)s”. Order by added, -added or a"
              " field with numbers or dates.")
            % {"name": name[:100]}
        )  # fmt: skip
    return Order(name, written.startswith("-"))


def _is_number(name: str, collection_ids: Sequence[int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM search_app_documentnumber"
            " WHERE collection_id = ANY(%s) AND name = %s)",
            [list(collection_ids), name.replace("\x00", "")],
        )
        return bool(cursor.fetchone()[0])


# The first of each collection, from its index; then the first of all, with their beginnings.
LISTED = """
SELECT found.id, passage.id FROM (
    SELECT listed.* FROM unnest(%(filter_scope)s::bigint[]) AS home(id), LATERAL (
        {documents}
    ) listed
    ORDER BY listed.value {direction}, listed.id {direction}
    LIMIT %(filter_limit)s OFFSET %(filter_offset)s
) found
JOIN collections_app_document document ON document.id = found.id
JOIN collections_app_collection collection ON collection.id = document.collection_id
JOIN LATERAL (
    SELECT id FROM collections_app_passage
    WHERE document_id = found.id AND model_id = collection.embedding_model_id
    ORDER BY ordinal LIMIT 1
) passage ON true
ORDER BY found.value {direction}, found.id {direction}
"""
BY_ADDED = """
SELECT document.id, document.created AS value FROM collections_app_document document
WHERE document.collection_id = home.id AND document.ready_at IS NOT NULL AND {condition}
ORDER BY document.created {direction}, document.id {direction} LIMIT %(filter_first)s
"""
BY_NUMBER = """
SELECT document.id, number.value FROM search_app_documentnumber number
JOIN collections_app_document document ON document.id = number.document_id
WHERE number.collection_id = home.id AND number.name = %(filter_name)s
  AND document.ready_at IS NOT NULL AND {condition}
ORDER BY number.value {direction}, document.id {direction} LIMIT %(filter_first)s
"""

WITHOUT_NUMBER = """
SELECT document.id, document.created AS value FROM collections_app_document document
WHERE document.collection_id = home.id AND document.ready_at IS NOT NULL AND {condition}
  AND NOT EXISTS (SELECT FROM search_app_documentnumber number
                  WHERE number.document_id = document.id AND number.name = %(filter_name)s)
ORDER BY document.created {direction}, document.id {direction} LIMIT %(filter_first)s
"""
HAVING_NUMBER = """
SELECT count(*) FROM (
    SELECT FROM search_app_documentnumber number
    JOIN collections_app_document document ON document.id = number.document_id
    WHERE number.collection_id = ANY(%(filter_scope)s) AND number.name = %(filter_name)s
      AND document.ready_at IS NOT NULL AND {condition} LIMIT %(filter_limit)s
) found
"""


def listed(
    collection_ids: Sequence[int], wanted: Condition | None, by: Order, limit: int, offset: int
) -> list[tuple[int, int]]:
    """(document, its first passage) in this order; those without the number come last, the
    newest of them first."""
    if by.name == ADDED:
        return _rows(BY_ADDED, collection_ids, wanted, by, limit, offset)
    rows = _rows(BY_NUMBER, collection_ids, wanted, by, limit, offset)
    if len(rows) == limit:  # most often: what lacks the number is not looked for
        return rows
    before = 0 if rows else offset - _having(collection_ids, wanted, by, offset)
    newest = Order(by.name, descending=True)
    lacking = _rows(WITHOUT_NUMBER, collection_ids, wanted, newest, limit - len(rows), before)
    return rows + lacking


def _rows(
    documents: str,
    collection_ids: Sequence[int],
    wanted: Condition | None,
    by: Order,
    limit: int,
    offset: int,
) -> list[tuple[int, int]]:
    condition = wanted.sql if wanted else "true"
    statement = LISTED.format(
        documents=documents.format(condition=condition, direction=by.direction),
        direction=by.direction,
    )
    values = _values(collection_ids, wanted, by, limit)
    values |= {"filter_offset": offset, "filter_first": limit + offset}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[int, int]] = cursor.fetchall()
    return rows


def _having(collection_ids: Sequence[int], wanted: Condition | None, by: Order, most: int) -> int:
    """How many have the number; no more than `most` are counted."""
    statement = HAVING_NUMBER.format(condition=wanted.sql if wanted else "true")
    with connection.cursor() as cursor:
        cursor.execute(statement, _values(collection_ids, wanted, by, most))
        return int(cursor.fetchone()[0])


def _values(
    collection_ids: Sequence[int], wanted: Condition | None, by: Order, limit: int
) -> dict[str, Any]:
    return {
        **(wanted.params if wanted else {}),
        "filter_scope": list(collection_ids),
        "filter_name": by.name,
        "filter_limit": limit,
    }


ADDED_AT = "SELECT id, extract(epoch FROM created) FROM collections_app_document WHERE id = ANY(%s)"
NUMBERS = (
    "SELECT document_id, value FROM search_app_documentnumber"
    " WHERE document_id = ANY(%s) AND name = %s"
)


def values(document_ids: Sequence[int], by: Order) -> dict[int, float]:
    """What each of these documents is ordered by; those that lack it are left out."""
    ids = list(document_ids)
    with connection.cursor() as cursor:
        if by.name == ADDED:
            cursor.execute(ADDED_AT, [ids])
        else:
            cursor.execute(NUMBERS, [ids, by.name])
        return {pk: float(value) for pk, value in cursor.fetchall()}
