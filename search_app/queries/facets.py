"""How the documents that were found fall into types, languages, collections and metadata."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from search_app.analysis.query import METADATA, RESERVED, Field
from search_app.analysis.values import date_of
from search_app.queries.scope import Condition

MOST = 5000  # documents that are looked at; beyond, a sample
KEYS = 8  # of the metadata that are shown,
VALUES = 10  # each with so many values at most
DISTINCT = 50  # a key with more values than this tells documents apart, it groups none
BUCKETS = 5
WIDTH = 100  # characters of a value; a longer one is text


@dataclass(frozen=True)
class Count:
    """A value, and of how many documents. `low` and `high` are there for a range of numbers."""

    value: str
    count: int
    low: float | None = None
    high: float | None = None
    filter: str = ""  # what leaves these documents, as `analysis.query` reads it


@dataclass(frozen=True)
class Facet:
    """A field and its values, the most frequent first, ranges in their order. `kind` is "n" for
    numbers, "d" for dates and empty for words."""

    name: str
    counts: tuple[Count, ...]
    kind: str = ""


@dataclass(frozen=True)
class Found:
    """Of which documents facets are counted: `sampled` if there are more than were looked at."""

    ids: list[int]
    sampled: bool


CHOSEN = """
SELECT id FROM collections_app_document document
WHERE collection_id = ANY(%(filter_scope)s) AND ready_at IS NOT NULL AND {condition}
LIMIT %(filter_limit)s
"""


def chosen(collection_ids: Sequence[int], wanted: Condition | None) -> Found:
    """The documents that meet the condition, or the first MOST of them as the table has them."""
    with connection.cursor() as cursor:
        cursor.execute(
            CHOSEN.format(condition=wanted.sql if wanted else "true"),
            {
                **(wanted.params if wanted else {}),
                "filter_scope": list(collection_ids),
                "filter_limit": MOST + 1,
            },
        )
        ids = [row[0] for row in cursor.fetchall()]
    return Found(ids[:MOST], len(ids) > MOST)


COUNTS = """
WITH found AS MATERIALIZED (
    SELECT document.media_type, document.metadata, document.collection_id, collection.language
    FROM collections_app_document document
    JOIN collections_app_collection collection ON collection.id = document.collection_id
    WHERE document.id = ANY(%(ids)s)
), fields AS (
    SELECT key, CASE WHEN jsonb_typeof(field) = 'array' THEN field
                     ELSE jsonb_build_array(field) END AS field
    FROM found, jsonb_each(found.metadata) AS each(key, field)
), words AS (
    SELECT key, value #>> '{}' AS value FROM fields, jsonb_array_elements(field) AS value
    WHERE jsonb_typeof(value) IN ('string', 'number', 'boolean')
), counted AS (
    SELECT key, value, count(*) AS count FROM words
    WHERE char_length(value) <= %(width)s GROUP BY key, value
), ranked AS (
    SELECT key, value, count, count(*) OVER keys AS several, sum(count) OVER keys AS uses,
           row_number() OVER (PARTITION BY key ORDER BY count DESC, value) AS place
    FROM counted WINDOW keys AS (PARTITION BY key)
)
SELECT 'type', '', media_type, count(*) FROM found GROUP BY media_type
UNION ALL SELECT 'language', '', language, count(*) FROM found GROUP BY language
UNION ALL SELECT 'collection', '', collection_id::text, count(*) FROM found GROUP BY collection_id
UNION ALL SELECT 'metadata', key, value, count FROM ranked
WHERE place <= %(values)s AND several <= %(distinct)s AND (several < uses OR several = 1)
"""
RANGES = """
SELECT name, kind, count(*), min(value), max(value), count(DISTINCT value),
       percentile_disc(%(shares)s::float8[]) WITHIN GROUP (ORDER BY value)
FROM search_app_documentnumber WHERE document_id = ANY(%(ids)s) GROUP BY name, kind
HAVING count(DISTINCT value) > %(values)s ORDER BY count(*) DESC, name LIMIT %(keys)s
"""
IN_RANGES = """
SELECT number.name, number.kind, bound.low, bound.high, count(*)
FROM search_app_documentnumber number
JOIN unnest(%(names)s::text[], %(kinds)s::text[], %(lows)s::float8[], %(highs)s::float8[])
  AS bound(name, kind, low, high)
  ON bound.name = number.name AND bound.kind = number.kind
 AND number.value >= bound.low AND number.value <= bound.high
WHERE number.document_id = ANY(%(ids)s) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3
"""


def facets(document_ids: Sequence[int]) -> list[Facet]:
    """What tells these documents apart: fields in which they all are alike are left out."""
    ids = list(document_ids)
    if len(ids) < 2:
        return []
    ranges = _ranges(ids)
    ranged = {facet.name for facet in ranges}
    named: dict[tuple[str, str], list[Count]] = defaultdict(list)
    limits = {"width": WIDTH, "values": VALUES, "distinct": DISTINCT}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"ids": ids, **limits})
        for sort, key, value, count in cursor.fetchall():
            if not (sort == "metadata" and key in ranged):
                named[sort, key].append(_counted(key or sort, value, count, bool(key)))
    found = [
        Facet(key if sort == "metadata" else sort, _by_count(counts))
        for (sort, key), counts in named.items()
        if sort != "metadata" and len(counts) > 1
    ]
    keys = [Facet(key, _by_count(counts)) for (sort, key), counts in named.items() if key]
    keys = [facet for facet in keys if len(facet.counts) > 1]
    keys.sort(key=lambda facet: (-sum(count.count for count in facet.counts), facet.name))
    return [*found, *keys[:KEYS], *ranges]


def _counted(name: str, value: str, count: int, is_metadata: bool) -> Count:
    field = Field(METADATA + name if is_metadata and name in RESERVED else name, "is", value)
    return Count(value, count, filter=field.written)


def _ranged(name: str, kind: str, low: float, high: float, count: int) -> Count:
    ends = [date_of(int(end)) if kind == "d" else f"{end:.15g}" for end in (low, high)]
    key = METADATA + name if name in RESERVED else name
    written = Field(key, "range", low=ends[0], high=ends[1]).written
    return Count(" – ".join(dict.fromkeys(ends)), count, low, high, written)


def _by_count(counts: Sequence[Count]) -> tuple[Count, ...]:
    return tuple(sorted(counts, key=lambda count: (-count.count, count.value)))


def _ranges(ids: list[int]) -> list[Facet]:
    """Numbers and dates with many values, in parts that hold about as many documents each."""
    shares = [part / BUCKETS for part in range(1, BUCKETS)]
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"ids": ids, "shares": shares, "values": VALUES, "keys": KEYS}
        cursor.execute(RANGES, values)
        bounds = [
            (name, kind, low, high)
            for name, kind, _count, least, most, _several, edges in cursor.fetchall()
            for low, high in _pieces(least, most, edges)
        ]
        if not bounds:
            return []
        names, kinds, lows, highs = (list(column) for column in zip(*bounds, strict=True))
        cursor.execute(
            IN_RANGES, {"ids": ids, "names": names, "kinds": kinds, "lows": lows, "highs": highs}
        )
        found: dict[tuple[str, str], list[Count]] = defaultdict(list)
        for name, kind, low, high, count in cursor.fetchall():
            found[name, kind].append(_ranged(name, kind, low, high, count))
    return [Facet(name, tuple(counts), kind) for (name, kind), counts in found.items()]


def _pieces(least: float, most: float, edges: Sequence[float]) -> list[tuple[float, float]]:
    inner = sorted({edge for edge in edges if least < edge < most})
    starts = [least, *inner]
    return list(zip(starts, [*inner, most], strict=True))
