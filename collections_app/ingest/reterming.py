"""Postings counted anew from the passages' texts, where terms are told otherwise than when
they were written.

A pool is one transaction: searches see its old terms until all the new ones are there, and a
process that is killed leaves them as they were. Workers go on meanwhile; what they write is of
the new terms and is left alone.
"""

import time
from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import QuerySet

from collections_app.batches import batched
from collections_app.ingest import postings
from collections_app.ingest.pools import Pool, is_only_one
from collections_app.ingest.postings import Termed
from collections_app.models import Collection, Passage
from collections_app.pipeline import terms

PASSAGES = 10_000  # whose texts are in memory at once


def to_reterm() -> QuerySet[Collection]:
    """Collections that have postings of terms as they were told before."""
    return Collection.objects.filter(terms_version__lt=terms.VERSION).order_by("pk")


def reterm(seconds: float) -> None:
    """Work on these collections for about this long, a whole one at least; the rest waits for
    the next call."""
    end = time.monotonic() + seconds
    for collection in to_reterm():
        if time.monotonic() > end:
            return
        models = Passage.objects.filter(collection=collection).values_list("model", flat=True)
        pools = [Pool(collection.pk, pk) for pk in models.distinct().order_by("model")]
        if all(reterm_pool(pool, collection.language) for pool in pools):
            to_reterm().filter(pk=collection.pk).update(terms_version=terms.VERSION)


# One statement, so that the lists are those of just these passages: another process commits
# both at once. What was void was so in these lists.
TAKE = """
WITH gone AS (
    DELETE FROM collections_app_postinglist
    WHERE collection_id = %(collection_id)s AND model_id = %(model_id)s
), clean AS (
    UPDATE collections_app_corpuschange SET void = ''
    WHERE collection_id = %(collection_id)s AND model_id = %(model_id)s AND void <> ''
)
SELECT id FROM collections_app_passage
WHERE collection_id = %(collection_id)s AND model_id = %(model_id)s ORDER BY id
"""


@transaction.atomic
def reterm_pool(pool: Pool, language: str) -> bool:
    """Write all its lists anew. False where another process is at the pool."""
    if not is_only_one(pool):
        return False
    with connection.cursor() as cursor:
        cursor.execute(TAKE, pool._asdict())
        ids = [row[0] for row in cursor.fetchall()]
    lengths: dict[int, int] = {}
    for batch in batched(ids, PASSAGES):
        found = _termed(pool, batch, language)
        postings.write(pool.model_id, found)
        lengths |= {one.passage_id: sum(one.terms.values()) for one in found}
    _note(lengths)
    return True


def _termed(pool: Pool, ids: Sequence[int], language: str) -> list[Termed]:
    rows = Passage.objects.filter(pk__in=ids).order_by("pk")
    return [
        Termed(pool.collection_id, pk, terms.passage_terms(title, heading, text, language))
        for pk, title, heading, text in rows.values_list("pk", "document__title", "heading", "text")
    ]


# Last, so that a worker which drops passages waits for no more than this; and those it is just
# about to drop are passed over, lest each waits for the other.
NOTE = """
WITH made AS (
    SELECT passage.id, made.terms
    FROM unnest(%s::bigint[], %s::int[]) AS made(id, terms)
    JOIN collections_app_passage passage ON passage.id = made.id
    WHERE passage.term_count <> made.terms
    ORDER BY passage.id
    FOR NO KEY UPDATE OF passage SKIP LOCKED
)
UPDATE collections_app_passage passage SET term_count = made.terms
FROM made WHERE passage.id = made.id
"""


def _note(lengths: dict[int, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [list(lengths), list(lengths.values())])
