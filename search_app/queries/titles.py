"""Titles that begin with what is typed, or have words that do: for suggestions."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import OperationalError, connection, transaction

MOST_WORDS = 10  # of what is typed; more of them narrow nothing down
WAIT_MS = 150  # for words; a suggestion that takes longer comes too late
CANCELLED = "57014"  # the SQLSTATE
PARTS = re.compile(r"[^\s'\\]+")

# One step into the index of each collection: titles come out in order, and few are read.
BEGINNING = """
SELECT found.id, home.id, found.title
FROM unnest(%(collections)s::bigint[]) AS home(id) CROSS JOIN LATERAL (
    SELECT document.id, document.title FROM collections_app_document document
    WHERE document.collection_id = home.id AND lower(document.title) LIKE lower(%(pattern)s)
    ORDER BY lower(document.title) USING ~<~ LIMIT %(limit)s
) AS found
ORDER BY lower(found.title) USING ~<~, found.id LIMIT %(limit)s
"""
# No order: the first that are found will do, so that a common word reads no more of them.
WITH_WORDS = """
SELECT document.id, document.collection_id, document.title
FROM collections_app_document document
WHERE to_tsvector('simple'::regconfig, document.title) @@ to_tsquery('simple', %(words)s)
  AND document.collection_id = ANY(%(collections)s::bigint[])
LIMIT %(limit)s
"""


# A word that is common in what others have, and in nothing of one's own, could read all of it.
BOUND = f"SET LOCAL statement_timeout = {WAIT_MS}; SET LOCAL enable_seqscan = off"
UNBOUND = "SET LOCAL statement_timeout TO DEFAULT; SET LOCAL enable_seqscan TO DEFAULT"


class Titled(NamedTuple):
    """A document by its title."""

    document: int
    collection: int
    title: str


def beginning(text: str, collections: Sequence[int], limit: int) -> list[Titled]:
    """Documents whose titles begin with the text, whatever its case, in the order of titles."""
    pattern = re.sub(r"([\\%_])", r"\\\1", text) + "%"
    return _read(BEGINNING, {"collections": list(collections), "pattern": pattern, "limit": limit})


def with_words(text: str, collections: Sequence[int], limit: int) -> list[Titled]:
    """Documents whose titles have these words anywhere, the last one perhaps unfinished.

    None where they could not be found in WAIT_MS.
    """
    words = [f"'{word}'" for word in PARTS.findall(text)[:MOST_WORDS]]
    if not words:
        return []
    wanted = " & ".join(words) + ":*"
    params = {"collections": list(collections), "words": wanted, "limit": limit}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BOUND)
            found = _read(WITH_WORDS, params)
            cursor.execute(UNBOUND)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != CANCELLED:
            raise
        return []
    return sorted(found, key=lambda one: (one.title.casefold(), one.document))


def _read(sql: str, params: dict[str, Any]) -> list[Titled]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [Titled(*row) for row in cursor.fetchall()]
