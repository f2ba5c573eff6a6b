"""Words that two documents have in common, the rarest of their collection first."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from collections_app.pipeline.postings import unpacked
from collections_app.pipeline.terms import term_spans
from search_app.analysis.stopwords import says_nothing
from search_app.queries.cursors import binary_cursor

READ = 20_000  # characters of a document that are looked at
COMMON = 2_000  # passages: a word in more of them tells little, and costs more to read
SHOWN = 3

# One row for each term, with all of its lists: a term of a collection that grew bit by bit has
# many, and the driver takes longer over rows than over bytes. The three see lists in one order.
LISTS = """
SELECT term, sum(count)::int8, string_agg(int8send(first), ''),
    string_agg(int4send(count), ''), string_agg(data, '')
FROM collections_app_postinglist
WHERE collection_id = %s AND model_id = %s AND term = ANY(%s)
GROUP BY term HAVING sum(count) BETWEEN 2 AND %s
"""

# Written out: Django takes as long to write it as PostgreSQL to answer.
TEXT = """
SELECT home.id, home.embedding_model_id, home.language,
    coalesce(nullif(mine.title, ''), mine.external_id) || chr(10) || left(mine.text, %s),
    (SELECT string_agg(int8send(id) || int8send(document_id), '' ORDER BY id)
     FROM collections_app_passage
     WHERE document_id = ANY(%s::bigint[]) AND model_id = home.embedding_model_id)
FROM collections_app_document mine
JOIN collections_app_collection home ON home.id = mine.collection_id WHERE mine.id = %s
"""


def shared(document: int, others: Sequence[int], most: int = SHOWN) -> dict[int, list[str]]:
    """For each of the other documents of its collection up to `most` words that it shares with a
    document, as they are written there, the rarest first. Two statements, however many documents.
    """
    found: dict[int, list[str]] = {pk: [] for pk in others}
    with binary_cursor() as cursor:
        cursor.execute(TEXT, [READ, list(others), document])
        if (row := cursor.fetchone()) is None or row[4] is None:
            return found
        collection, model, language, text, places = row
        words = _words(text, language)
        cursor.execute(LISTS, [collection, model, list(words), COMMON])
        lists = cursor.fetchall()
    lists.sort(key=lambda row: (row[1], -len(words[row[0]]), row[0]))  # whole names first
    for term, pk in _holding(lists, np.frombuffer(places, ">i8").astype(np.int64).reshape(-1, 2)):
        shown = found[pk]
        if len(shown) < most and not any(_is_part(words[term], one) for one in shown):
            shown.append(words[term])
    return found


def _words(text: str, language: str) -> dict[str, str]:
    """Each telling term, as it is most often written in the text."""
    written: dict[str, dict[str, int]] = {}
    for term, start, end in term_spans(text, language):
        ways, word = written.setdefault(term, {}), text[start:end]
        ways[word] = ways.get(word, 0) + 1
    return {
        term: word
        for term, ways in written.items()
        if _tells(word := max(ways, key=ways.__getitem__), language)
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
    lists: Sequence[tuple[str, int, bytes, bytes, bytes]], places: NDArray[np.int64]
) -> list[tuple[str, int]]:
    """Each term and each document that has it, in the order of the lists; `places` are
    (passage, document) in the order of passages."""
    if not lists:
        return []
    terms, _totals, firsts, counts, data = zip(*lists, strict=True)
    sizes = np.frombuffer(b"".join(counts), ">i4").astype(np.int64)
    passages = unpacked(np.frombuffer(b"".join(firsts), ">i8"), sizes, data).passages
    at = np.minimum(np.searchsorted(places[:, 0], passages), len(places) - 1)
    hits = np.flatnonzero(places[at, 0] == passages)
    of_list = np.repeat(np.arange(len(terms)), [len(one) // 4 for one in counts])
    which = np.repeat(of_list, sizes)[hits]
    documents, each = np.unique(places[:, 1], return_inverse=True)
    number, one = np.divmod(np.unique(which * len(documents) + each[at[hits]]), len(documents))
    return list(zip(map(terms.__getitem__, number.tolist()), documents[one].tolist(), strict=True))
