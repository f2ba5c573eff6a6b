"""Words that two documents have in common, the rarest of their collection first."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from collections_app.models import Collection, Passage
from collections_app.pipeline.postings import unpacked
from collections_app.pipeline.terms import term_spans
from search_app.analysis.stopwords import says_nothing
from search_app.queries.cursors import binary_cursor

READ = 20_000  # characters of a document that are looked at
COMMON = 2_000  # passages: a word in more of them tells little, and costs more to read
SHOWN = 3

LISTS = """
SELECT term, first, count::int8, data, total::int8 FROM (
    SELECT term, first, count, data, sum(count) OVER (PARTITION BY term) AS total
    FROM collections_app_postinglist
    WHERE collection_id = %s AND model_id = %s AND term = ANY(%s)
) list WHERE total BETWEEN 2 AND %s
"""


def shared(
    collection: Collection, title: str, text: str, others: Sequence[int], most: int = SHOWN
) -> dict[int, list[str]]:
    """For each of the other documents up to `most` words that it shares with this text, as they
    are written here, the rarest first. Three statements, however many documents."""
    words = _words(f"{title}\n{text[:READ]}", collection.language)
    rows = Passage.objects.filter(document__in=others, model=collection.embedding_model_id)
    places = np.array(sorted(rows.values_list("pk", "document")), np.int64).reshape(-1, 2)
    with binary_cursor() as cursor:
        model = collection.embedding_model_id
        cursor.execute(LISTS, [collection.pk, model, list(words), COMMON])
        lists = cursor.fetchall()
    lists.sort(key=lambda row: (row[4], -len(words[row[0]]), row[0], row[1]))  # whole names first
    found: dict[int, list[str]] = {pk: [] for pk in others}
    for term, documents in _holding(lists, places):
        for pk in documents:
            mine = found[pk]
            if len(mine) < most and not any(_is_part(words[term], one) for one in mine):
                mine.append(words[term])
    return found


def _words(text: str, language: str) -> dict[str, str]:
    """Each telling term, as it is most often written in the text."""
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for term, start, end in term_spans(text, language):
        written[term][text[start:end]] += 1
    return {
        term: word
        for term, ways in written.items()
        if _tells(word := ways.most_common(1)[0][0], language)
    }


def _tells(word: str, language: str) -> bool:
    """No figure, no single letter or pair of them, nothing like "the"."""
    enough = len(word) > 2 or not word.isascii()
    return enough and not word.isdigit() and not says_nothing(word, language)


def _is_part(word: str, other: str) -> bool:
    """One name, and a piece of it, say the same."""
    word, other = word.casefold(), other.casefold()
    return word in other or other in word


def _holding(
    lists: Sequence[tuple[str, int, int, bytes, int]], places: NDArray[np.int64]
) -> list[tuple[str, list[int]]]:
    """Each term with those of the documents that have it, the rarest first; `places` are
    (passage, document) in the order of passages."""
    if not len(places) or not lists:
        return []
    terms, firsts, counts, data, _totals = zip(*lists, strict=True)
    passages = unpacked(firsts, counts, data).passages
    at = np.minimum(np.searchsorted(places[:, 0], passages), len(places) - 1)
    hits = np.flatnonzero(places[at, 0] == passages)
    which = np.repeat(np.arange(len(terms)), counts)[hits]
    found: dict[str, dict[int, None]] = {}
    for number, pk in zip(which.tolist(), places[at[hits], 1].tolist(), strict=True):
        found.setdefault(terms[number], {})[pk] = None
    return [(term, list(documents)) for term, documents in found.items()]
