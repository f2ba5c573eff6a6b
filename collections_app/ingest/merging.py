"""Few large posting lists of a term out of many small ones, and passages that are gone out of
them (ADR 4).

Everything is done a chunk of terms at a time, each in one transaction that another process
cannot be in for the same collection: searches see either the old lists or the new ones, and a
process that is killed leaves its chunk as it was. Lists that are added meanwhile are left alone.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from django.db import connection, transaction

from collections_app.batches import batched
from collections_app.ingest import postings
from collections_app.ingest.pools import Pool, is_only_one, wait
from collections_app.models import CorpusChange, PostingList
from collections_app.pipeline.postings import Ids, Packed, Postings, packed, unpacked

CHANGES = 8  # statements since the last time; from so many on it is worth while
LISTS = 8  # of one term; fewer are left as they are
VOID = 256  # passages, and this share of all, that are gone and not yet taken out
VOID_SHARE = 1 / 50
CHUNK = 1_000_000  # postings in one transaction, about
TERMS = 5000  # looked up at once


TO_MERGE = """
SELECT collection_id, model_id FROM collections_app_corpuschange
GROUP BY collection_id, model_id
HAVING count(*) >= %s OR sum(length(void)) / 8 >= greatest(%s, %s * sum(passages))
ORDER BY collection_id, model_id
"""


def to_merge() -> list[Pool]:
    """Pools that have changed much since the last time."""
    with connection.cursor() as cursor:
        cursor.execute(TO_MERGE, [CHANGES, VOID, VOID_SHARE])
        return [Pool(*row) for row in cursor.fetchall()]


def merge(seconds: float) -> None:
    """Work on these pools for about this long; the rest waits for the next call."""
    end = time.monotonic() + seconds
    for pool in to_merge():
        if time.monotonic() > end:
            return
        if _is_empty(pool):
            continue
        merge_pool(pool)
        changes = CorpusChange.objects.filter(**pool._asdict())
        known = list(changes.order_by("pk").values_list("pk", "passages", "void"))
        void = np.frombuffer(b"".join(bytes(row[2]) for row in known), ">i8").astype(np.int64)
        if len(void) >= max(VOID, VOID_SHARE * sum(row[1] for row in known)):
            clean_pool(pool)


def _is_empty(pool: Pool) -> bool:
    """Whether no passage is left; its lists and changes go then."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_only_one(pool):
            return True
        cursor.execute(EMPTY, {**pool._asdict()})
        return bool(cursor.fetchone()[0])


EMPTY = """
WITH empty AS (
    SELECT sum(passages) = 0 AS yes FROM collections_app_corpuschange
    WHERE collection_id = %(collection_id)s AND model_id = %(model_id)s
), lists AS (
    DELETE FROM collections_app_postinglist
    WHERE collection_id = %(collection_id)s AND model_id = %(model_id)s AND (SELECT yes FROM empty)
), changes AS (
    DELETE FROM collections_app_corpuschange
    WHERE collection_id = %(collection_id)s AND model_id = %(model_id)s AND (SELECT yes FROM empty)
)
SELECT yes FROM empty
"""


SCATTERED = """
SELECT term, sum(count) FROM collections_app_postinglist
WHERE collection_id = %(collection_id)s AND model_id = %(model_id)s
GROUP BY term HAVING count(*) >= %(least)s ORDER BY term
"""
EVERY = SCATTERED.replace("HAVING count(*) >= %(least)s ", "")


def merge_pool(pool: Pool, least: int = LISTS) -> None:
    """Put lists of one term together where there are so many, and the changes to one row."""
    for chunk in _chunks(SCATTERED, pool, least):
        _rewrite(pool, chunk)
    with transaction.atomic(), connection.cursor() as cursor:
        if is_only_one(pool):
            cursor.execute(SUM_UP, pool._asdict())


SUM_UP = """
WITH gone AS (
    DELETE FROM collections_app_corpuschange
    WHERE collection_id = %(collection_id)s AND model_id = %(model_id)s RETURNING *
)
INSERT INTO collections_app_corpuschange (collection_id, model_id, passages, terms, void)
SELECT collection_id, model_id, sum(passages), sum(terms), string_agg(void, '')
FROM gone GROUP BY collection_id, model_id
"""


def clean_pool(pool: Pool) -> None:
    """Take passages out of the lists that are gone by now, and forget them.

    Their lists were there before they went, so that all are found by one walk over the terms.
    """
    changes = CorpusChange.objects.filter(**pool._asdict()).exclude(void=b"")
    known = dict(changes.values_list("pk", "void"))
    void = np.unique(np.frombuffer(b"".join(map(bytes, known.values())), ">i8").astype(np.int64))
    for chunk in _chunks(EVERY, pool):
        if not _rewrite(pool, chunk, void):
            return
    with transaction.atomic():
        if is_only_one(pool):  # rows that another has summed up stay for the next time
            CorpusChange.objects.filter(pk__in=known).update(void=b"")


def take_out(pool: Pool, wanted: Sequence[str], passages: Iterable[int]) -> None:
    """Leave nothing of these passages in the lists of these terms; in the caller's transaction,
    and once no other process is at the pool."""
    void = np.unique(np.fromiter(passages, np.int64))
    wait(pool)
    for chunk in batched(wanted, TERMS):
        _rewrite(pool, chunk, void)


def clean() -> None:
    """Take everything out that is gone by now: its words stay nowhere longer than a night. And
    put together what the day left apart, so that searches read few lists."""
    pools = CorpusChange.objects.values_list("collection", "model")
    for pool in [Pool(*row) for row in pools.distinct().order_by("collection", "model")]:
        merge_pool(pool, 2)
        if CorpusChange.objects.filter(**pool._asdict()).exclude(void=b"").exists():
            clean_pool(pool)


def _chunks(statement: str, pool: Pool, least: int = LISTS) -> list[list[str]]:
    """The terms that the statement finds, with about `CHUNK` postings at a time."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {**pool._asdict(), "least": least})
        rows = cursor.fetchall()
    chunks: list[list[str]] = [[]]
    size = 0
    for term, count in rows:
        if size and size + count > CHUNK:
            chunks.append([])
            size = 0
        chunks[-1].append(term)
        size += count
    return [chunk for chunk in chunks if chunk]


@transaction.atomic
def _rewrite(pool: Pool, wanted: Sequence[str], void: Ids | None = None) -> bool:
    """Write lists of these terms anew: the small ones of each as one, or, with `void`, those
    that hold such passages. False where another process is at the pool."""
    if not is_only_one(pool):
        return False
    rows = PostingList.objects.filter(**pool._asdict(), term__in=wanted)
    columns = rows.values_list("term", "first", "count", "data")
    stored = [Stored(term, first, size, bytes(data)) for term, first, size, data in columns]
    chosen = _small(stored) if void is None else _holding(stored, void)
    if chosen:
        _delete(pool, chosen)
        postings.copy(*pool, _merged(chosen, void))
    return True


class Stored(NamedTuple):
    """A row of the table."""

    term: str
    first: int
    size: int
    data: bytes


def _small(stored: Iterable[Stored]) -> list[Stored]:
    """Of each term the lists to be made one: all but those that hold more than all smaller
    ones together. So a posting is written again only when its list has doubled."""
    by_term: dict[str, list[Stored]] = defaultdict(list)
    for one in stored:
        by_term[one.term].append(one)
    chosen: list[Stored] = []
    for lists in by_term.values():
        lists.sort(key=lambda one: one.size)
        before = np.cumsum([0, *(one.size for one in lists)])[:-1]
        joined = [n for n, one in enumerate(lists) if one.size <= before[n]]
        chosen += lists[: joined[-1] + 1] if joined else []
    return chosen


def _holding(stored: Sequence[Stored], void: Ids) -> list[Stored]:
    """The lists that hold any of these passages."""
    if not stored:
        return []
    found = _unpacked(stored)
    held = np.isin(found.passages, void)
    starts = np.cumsum([0, *(one.size for one in stored)])[:-1]
    return [one for one, any_ in zip(stored, np.add.reduceat(held, starts), strict=True) if any_]


def _merged(stored: Sequence[Stored], void: Ids | None) -> Iterable[Packed]:
    numbers: dict[str, int] = {}
    term_numbers = np.repeat(
        [numbers.setdefault(one.term, len(numbers)) for one in stored],
        [one.size for one in stored],
    )
    found = _unpacked(stored)
    if void is not None:
        kept = ~np.isin(found.passages, void)
        term_numbers, found = term_numbers[kept], found.at(kept)
    return packed(list(numbers), term_numbers, found)


def _unpacked(stored: Sequence[Stored]) -> Postings:
    return unpacked(
        [one.first for one in stored], [one.size for one in stored], [one.data for one in stored]
    )


DELETE = """
DELETE FROM collections_app_postinglist list
USING unnest(%(terms)s::text[], %(firsts)s::bigint[]) AS gone(term, first)
WHERE list.collection_id = %(collection_id)s AND list.model_id = %(model_id)s
  AND list.term = gone.term AND list.first = gone.first
"""


def _delete(pool: Pool, stored: Sequence[Stored]) -> None:
    terms, firsts = [one.term for one in stored], [one.first for one in stored]
    with connection.cursor() as cursor:
        cursor.execute(DELETE, {**pool._asdict(), "terms": terms, "firsts": firsts})
