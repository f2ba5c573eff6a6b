"""Where keyword terms stand: one statement brings what a query needs, numpy does the rest.

Every function reads what is active now: a passage that was deleted, or lost its text, is in
nothing that comes from here, from the commit on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection

from collections_app.models import Collection
from collections_app.pipeline.postings import Postings, unpacked
from collections_app.pipeline.terms import fold, follow, is_part
from collections_app.pipeline.terms import terms as terms_of
from search_app.analysis.bm25 import Ids, Lists, joined
from search_app.analysis.fusion import Terms
from search_app.queries.cursors import array, binary_cursor
from search_app.queries.scope import Scope

# Terms that stand in more passages than this, and in over half of the pool, are left out where
# the query has others: they cost most of the time and hardly change a ranking.
COMMON = 100_000
MOST_READ = 2000  # passages whose text is looked at for a phrase
BATCH = 250
LAST = "\U0010ffff"  # stands after every letter

LISTS = """
WITH corpus AS (
    SELECT coalesce(sum(passages), 0)::int8 AS passages, coalesce(sum(terms), 0)::int8 AS terms,
        coalesce(string_agg(void, ''), '') AS void
    FROM collections_app_corpuschange
    WHERE collection_id = ANY(%(collections)s) AND model_id = %(model)s
), list AS (
    SELECT term, first, count::int8, data, sum(count) OVER (PARTITION BY term) AS total
    FROM collections_app_postinglist
    WHERE collection_id = ANY(%(collections)s) AND model_id = %(model)s AND ({terms})
), wanted AS (
    SELECT list.*, greatest(%(common)s, min(total) OVER ()) AS most FROM list
)
SELECT NULL, passages, terms, void FROM corpus
UNION ALL
SELECT term, first, count, CASE WHEN total <= greatest(most, passages / 2) THEN data END
FROM wanted, corpus
"""


def lists(scope: Scope, model_id: int, terms: Iterable[str]) -> Lists:
    """The passages of these collections that have any of the terms, ready for BM25.

    The collections are one pool: how rare a term is, and how long passages are, is told over
    all of their passages under this model, whatever a filter leaves. Where `scope.passages`
    is set, the passages are cut down to these; `scope.condition` is left to the caller. A
    single Chinese, Japanese or Korean character is found wherever it stands. `Lists.terms`
    are those given, sorted, but for the commonest ones of a large pool (`COMMON`).
    """
    asked = sorted(set(terms))
    stored: dict[str, list[tuple[int, int, bytes]]] = {term: [] for term in asked}
    known: tuple[int, int, bytes] = (0, 0, b"")
    for term, *values in _stored(scope, model_id, asked):
        if term is None:
            known = (values[0], values[1], values[2])
            continue
        for one in _asked_by(term, stored):
            if values[2] is None:
                stored.pop(one)
            else:
                stored[one].append((values[0], values[1], values[2]))
    passages, length, void = known
    return joined(
        list(stored),
        [_postings(rows, is_part(term)) for term, rows in stored.items()],
        np.frombuffer(void, ">i8").astype(np.int64),
        passages,
        length / max(passages, 1),
        scope.passages,
    )


def _stored(scope: Scope, model_id: int, asked: Sequence[str]) -> list[tuple[Any, ...]]:
    """(term, first, count, data), and of the pool (None, passages, terms, void)."""
    parts = [term for term in asked if is_part(term)]
    values: dict[str, Any] = {
        "collections": list(scope.collections),
        "model": model_id,
        "terms": list(asked),
        "common": COMMON,
    }
    conditions = ["term = ANY(%(terms)s)"]
    for n, part in enumerate(parts):
        conditions.append(f"term >= %(part{n})s AND term < %(end{n})s")
        values |= {f"part{n}": part, f"end{n}": part + LAST}
    with binary_cursor() as cursor:
        cursor.execute(LISTS.format(terms=" OR ".join(conditions)), values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _asked_by(term: str, stored: Mapping[str, object]) -> list[str]:
    """Which of the terms asked for this stored one answers."""
    return [one for one in {term, term[0]} if one in stored and (one == term or is_part(one))]


def _postings(rows: Sequence[tuple[int, int, bytes]], summed: bool) -> Postings:
    """Those of one term, each passage once: of a part, the pairs that begin with it count up."""
    found = unpacked([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])
    return found.summed() if summed else found


def holding(scope: Scope, model_id: int, term: str) -> Ids:
    """The ids of all passages that have the term, in ascending order."""
    return lists(scope, model_id, [term]).passages


EXPAND = """
SELECT term FROM collections_app_postinglist
WHERE collection_id = ANY(%(collections)s) AND model_id = %(model)s
  AND term >= %(begin)s AND term < %(end)s
GROUP BY term ORDER BY sum(count) DESC, term LIMIT %(most)s
"""


def expand(scope: Scope, model_id: int, prefix: str, most: int = 50) -> list[str]:
    """The commonest terms that begin as `prefix`, and what `prefix` comes to as a whole word.

    Terms are stems: `organization*` means also the stem of "organization", which is shorter.
    A filter makes no difference. Two characters at least are wanted, but of Chinese, Japanese
    and Korean, where one is enough; of fewer nothing comes.
    """
    begin = fold(prefix)
    if not begin or (len(begin) == 1 and not is_part(begin)):
        return []
    values: dict[str, Any] = {
        "collections": list(scope.collections),
        "model": model_id,
        "begin": begin,
        "end": begin + LAST,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(EXPAND, values)
        found = [row[0] for row in cursor.fetchall()]
    languages = Collection.objects.filter(pk__in=scope.collections).values_list("language")
    for (language,) in languages.distinct().order_by("language"):
        whole = terms_of(prefix, language)
        found += whole if len(whole) == 1 and whole[0] not in found else []
    return found


TEXTS = """
SELECT passage.id, document.title, passage.heading, passage.text, collection.language
FROM collections_app_passage passage
JOIN collections_app_document document ON document.id = passage.document_id
JOIN collections_app_collection collection ON collection.id = passage.collection_id
WHERE passage.id = ANY(%(passages)s) AND ({condition})
"""


def with_phrase(scope: Scope, model_id: int, phrase: Sequence[str]) -> Ids:
    """The passages in whose text or title these terms follow one another, best first.

    `phrase` are the terms of a quoted text in their order. Of the passages that have them all,
    the texts of the best `MOST_READ` that meet `scope.condition` are looked at; a phrase of
    one term needs no look, and leaves the condition to the caller, as `lists` does.
    """
    found = lists(scope, model_id, phrase)
    found = found.at(np.flatnonzero((found.frequencies > 0).all(axis=1)))
    best: Ids = found.passages[np.lexsort((found.passages, -found.bm25()))]
    if len(phrase) <= 1:
        return best
    true = [
        pk
        for pk, *texts, language in _texts(scope, best)
        if any(follow(phrase, text, language) for text in texts)
    ]
    said: Ids = best[np.isin(best, true)]
    return said


def _texts(scope: Scope, passages: Ids) -> Iterator[tuple[Any, ...]]:
    """(passage, title, heading, text, language) of the first `MOST_READ` under the condition."""
    condition, left = scope.condition, MOST_READ
    statement = TEXTS.format(condition=condition.sql if condition else "true")
    for begin in range(0, len(passages), BATCH):
        values = {
            **(condition.params if condition else {}),
            "passages": array(passages[begin : begin + BATCH]),
        }
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows = cursor.fetchall()
        yield from rows[:left]
        left -= len(rows)
        if left <= 0:
            return


FILTERED = """
SELECT passage.id FROM collections_app_passage passage
JOIN collections_app_document document ON document.id = passage.document_id
WHERE passage.id = ANY(%(passages)s) AND ({condition})
"""


def best(scope: Scope, found: Lists, limit: int) -> Ids:
    """The passages of `lists(scope, ...)` with the highest scores that meet the condition of
    the scope, best first. Fewer than `limit` only where there are no more."""
    ranked: Ids = found.passages[
        found.best(limit if scope.condition is None else len(found.passages))
    ]
    if scope.condition is None:
        return ranked
    statement = FILTERED.format(condition=scope.condition.sql)
    kept: Ids = ranked[:0]
    begin, size = 0, 2 * limit
    while begin < len(ranked) and len(kept) < limit:
        part = ranked[begin : begin + size]
        with connection.cursor() as cursor:
            cursor.execute(statement, {**scope.condition.params, "passages": array(part)})
            meeting = [row[0] for row in cursor.fetchall()]
        kept = np.concatenate([kept, part[np.isin(part, meeting)]])
        begin, size = begin + size, 4 * size
    return kept[:limit]


def statistics(scope: Scope, model_id: int, terms: Iterable[str]) -> Terms:
    """How rare each term is in these collections taken as one pool."""
    return as_terms(lists(scope, model_id, terms))


def as_terms(found: Lists) -> Terms:
    return Terms(
        found.count, found.mean_length, dict(zip(found.terms, found.rarity.tolist(), strict=True))
    )
