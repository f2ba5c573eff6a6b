"""Which documents hold a word, a phrase or a beginning of words: what query syntax asks for."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from collections_app.models import Collection
from collections_app.pipeline.terms import terms
from search_app.analysis.query import Query
from search_app.queries import postings
from search_app.queries.cursors import array
from search_app.queries.scope import Condition, Scope

MOST_TERMS = 1000  # that a beginning is completed to

DOCUMENTS = """
SELECT DISTINCT document_id FROM collections_app_passage WHERE id = ANY(%s) ORDER BY document_id
"""


@dataclass(frozen=True)
class Wanted:
    """Words that a document is to hold, or not to; `begins`: as the beginning of one."""

    text: str
    held: bool
    begins: bool

    @property
    def written(self) -> str:
        """As it stands in a query."""
        text = f"{self.text}*" if self.begins else f'"{self.text}"'
        return text if self.held else f"-{text}"


def condition(query: Query, collections: Sequence[Collection]) -> Condition | None:
    """Documents must hold each phrase and a word with each beginning, and nothing excluded."""
    parts, params = [], {}
    for number, one in enumerate(_wanted(query)):
        name = f"filter_words_{number}"
        params[name] = _found(one, collections)
        sign = "" if one.held else "NOT "
        parts.append(f"{sign}document.id = ANY(%({name})s::bigint[])")
    return Condition(" AND ".join(parts), params) if parts else None


def failed(document_id: int, query: Query, collections: Sequence[Collection]) -> list[Wanted]:
    """What the query asks of words that this document does not do."""
    return [
        one for one in _wanted(query) if (document_id in _found(one, collections)) is not one.held
    ]


def _wanted(query: Query) -> list[Wanted]:
    return [
        *(Wanted(text, held=True, begins=False) for text in query.phrases),
        *(Wanted(text, held=True, begins=True) for text in query.prefixes),
        *(Wanted(text, held=False, begins=False) for text in query.excluded),
    ]


def _found(one: Wanted, collections: Sequence[Collection]) -> list[int]:
    return (_beginning if one.begins else _holding)(one.text, collections)


def _holding(text: str, collections: Sequence[Collection]) -> list[int]:
    """Documents with a passage that has these words, one after the other where they are more."""
    found: list[int] = []
    for (model, language), scope in _pools(collections).items():
        if words := terms(text, language):
            found += _documents(postings.with_phrase(scope, model, words))
    return found


def _beginning(text: str, collections: Sequence[Collection]) -> list[int]:
    found: list[int] = []
    for (model, _language), scope in _pools(collections).items():
        completed = postings.expand(scope, model, text, MOST_TERMS)
        found += _documents(postings.lists(scope, model, completed).passages)
    return found


def _pools(collections: Sequence[Collection]) -> dict[tuple[int, str], Scope]:
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    for one in collections:
        found[one.embedding_model_id, one.language].append(one.pk)
    return {key: Scope(tuple(ids)) for key, ids in found.items()}


def _documents(passages: NDArray[np.int64]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(DOCUMENTS, [array(passages)])
        return [row[0] for row in cursor.fetchall()]
