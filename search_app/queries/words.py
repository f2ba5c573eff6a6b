"""Which documents hold a word, a phrase or a beginning of words: what query syntax asks for."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection

from collections_app.models import Collection
from collections_app.pipeline.terms import fold, terms
from search_app.analysis.query import Query
from search_app.queries.scope import Condition

HOLDING = """
SELECT DISTINCT passage.document_id
FROM (
    SELECT passage_id FROM collections_app_posting
    WHERE collection_id = ANY(%(collections)s) AND term = ANY(%(terms)s)
    GROUP BY passage_id HAVING count(*) = %(count)s
) holding
JOIN collections_app_passage passage ON passage.id = holding.passage_id
JOIN collections_app_collection collection ON collection.id = passage.collection_id
 AND collection.embedding_model_id = passage.model_id
WHERE %(pattern)s = '' OR passage.text ~* %(pattern)s
"""
BEGINNING = """
SELECT DISTINCT passage.document_id FROM collections_app_posting posting
JOIN collections_app_passage passage ON passage.id = posting.passage_id
JOIN collections_app_collection collection ON collection.id = passage.collection_id
 AND collection.embedding_model_id = passage.model_id
WHERE posting.collection_id = ANY(%(collections)s) AND starts_with(posting.term, %(prefix)s)
"""


def condition(query: Query, collections: Sequence[Collection]) -> Condition | None:
    """Documents must hold each phrase and a word with each beginning, and nothing excluded."""
    parts, params = [], {}
    wanted = [(text, True, False) for text in query.phrases]
    wanted += [(text, True, True) for text in query.prefixes]
    wanted += [(text, False, False) for text in query.excluded]
    for number, (text, held, begins) in enumerate(wanted):
        name = f"filter_words_{number}"
        params[name] = _beginning(text, collections) if begins else _holding(text, collections)
        sign = "" if held else "NOT "
        parts.append(f"{sign}document.id = ANY(%({name})s::bigint[])")
    return Condition(" AND ".join(parts), params) if parts else None


def _holding(text: str, collections: Sequence[Collection]) -> list[int]:
    """Documents with a passage that has these words, one after the other where they are more."""
    found: list[int] = []
    for language, ids in _by_language(collections).items():
        words = sorted(set(terms(text, language)))
        if not words:
            continue
        one = len(words) == 1 and text.isalnum()
        found += _ids(
            HOLDING,
            {
                "collections": ids,
                "terms": words,
                "count": len(words),
                "pattern": "" if one else _pattern(text),
            },
        )
    return found


def _beginning(text: str, collections: Sequence[Collection]) -> list[int]:
    every = [one.pk for one in collections]
    return _ids(BEGINNING, {"collections": every, "prefix": fold(text)})


def _pattern(text: str) -> str:
    """A regular expression of PostgreSQL for the phrase, whatever stands between its words."""
    words = [re.sub(r"(\W)", r"\\\1", word) for word in text.split()]
    phrase = r"[\s[:punct:]]+".join(words)
    begin = r"\m" if text[0].isascii() and text[0].isalnum() else ""
    end = r"\M" if text[-1].isascii() and text[-1].isalnum() else ""
    return begin + phrase + end


def _by_language(collections: Sequence[Collection]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for one in collections:
        found[one.language].append(one.pk)
    return found


def _ids(statement: str, values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]
