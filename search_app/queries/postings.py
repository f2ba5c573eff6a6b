"""BM25 over the postings, and what else a passage must show to be scored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db import connection

from collections_app.models import EmbeddingModel
from search_app.analysis.fusion import K1, B, Terms, rarity
from search_app.queries.scope import Scope
from search_app.queries.vectors import text

# In a pool this large, terms that stand in over half of the passages are not looked up:
# they cost most of the time and change no ranking (measured on Cranfield).
COMMON_FROM = 1000

STATISTICS = """
SELECT NULL, count(*), coalesce(avg(term_count), 0)::float8
FROM collections_app_passage WHERE collection_id = ANY(%(collections)s)
UNION ALL
SELECT term, count(*), 0 FROM collections_app_posting
WHERE collection_id = ANY(%(collections)s) AND term = ANY(%(terms)s) GROUP BY term
"""


def statistics(collection_ids: Sequence[int], terms: Iterable[str]) -> Terms:
    """How rare each term is in these collections taken as one pool."""
    wanted = sorted(set(terms))
    with connection.cursor() as cursor:
        cursor.execute(STATISTICS, {"collections": list(collection_ids), "terms": wanted})
        rows = {term: (count, length) for term, count, length in cursor.fetchall()}
    passages, mean_length = rows.pop(None)
    holding = {term: count for term, (count, _) in rows.items()}
    return Terms(
        passages, mean_length, {term: rarity(passages, holding.get(term, 0)) for term in wanted}
    )


BEST = """
SELECT posting.passage_id
FROM unnest(%(terms)s::text[], %(rarities)s::float8[]) AS query(term, rarity)
JOIN collections_app_posting posting
  ON posting.term = query.term AND posting.collection_id = ANY(%(collections)s)
JOIN collections_app_passage passage ON passage.id = posting.passage_id
{filter}
GROUP BY posting.passage_id
ORDER BY sum(
    query.rarity * posting.frequency * (%(k1)s + 1)
    / (posting.frequency + %(k1)s * (1 - %(b)s + %(b)s * passage.term_count / %(mean)s))
) DESC, posting.passage_id
LIMIT %(limit)s
"""


def best(scope: Scope, terms: Terms, limit: int) -> list[int]:
    """Passage ids of the scope by BM25, best first."""
    scored = _worth_scoring(terms)
    if not scored:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            BEST.format(filter=_filter(scope)),
            {
                **(scope.condition.params if scope.condition else {}),
                "passages": None if scope.passages is None else scope.passages.tolist(),
                "terms": scored,
                "rarities": [terms.rarity[term] for term in scored],
                "collections": list(scope.collections),
                "k1": K1,
                "b": B,
                "mean": max(terms.mean_length, 1.0),
                "limit": limit,
            },
        )
        return [row[0] for row in cursor.fetchall()]


def _filter(scope: Scope) -> str:
    if scope.passages is not None:
        return "WHERE posting.passage_id = ANY(%(passages)s)"
    if scope.condition is not None:
        return (
            "JOIN collections_app_document document ON document.id = passage.document_id"
            f" WHERE {scope.condition.sql}"
        )
    return ""


def _worth_scoring(terms: Terms) -> list[str]:
    if terms.passages < COMMON_FROM:
        return list(terms.rarity)
    half = rarity(terms.passages, terms.passages // 2)
    rare = [term for term, value in terms.rarity.items() if value >= half]
    return rare or list(terms.rarity)


@dataclass
class Candidate:
    """A passage one of the legs found, with all that its score is made of."""

    passage_id: int
    document_id: int
    collection_id: int
    length: int
    cosine: float | None
    frequencies: dict[str, int] = field(default_factory=dict)


CANDIDATES = """
SELECT passage.id, passage.document_id, passage.collection_id, passage.term_count,
       nullif(1 - (vector.embedding <=> %(vector)s::vector), 'NaN')
FROM collections_app_passage passage
LEFT JOIN collections_app_vector vector
  ON vector.passage_id = passage.id AND vector.model_id = %(model)s
 AND vector_dims(vector.embedding) = %(dimension)s
WHERE passage.id = ANY(%(passages)s) AND passage.collection_id = ANY(%(collections)s)
ORDER BY passage.id
"""


def candidates(
    collection_ids: Sequence[int],
    passage_ids: Sequence[int],
    terms: Terms,
    model: EmbeddingModel,
    vector: np.ndarray | None,
) -> list[Candidate]:
    """The passages with their cosines and their frequencies of the query's terms."""
    values = {
        "vector": None if vector is None else text(vector),
        "model": model.pk,
        "dimension": model.dimension,
        "passages": list(passage_ids),
        "collections": list(collection_ids),
        "terms": list(terms.rarity),
    }
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES, values)
        found = {row[0]: Candidate(*row) for row in cursor.fetchall()}
        cursor.execute(
            "SELECT passage_id, term, frequency FROM collections_app_posting"
            " WHERE collection_id = ANY(%(collections)s) AND term = ANY(%(terms)s)"
            " AND passage_id = ANY(%(passages)s)",
            values,
        )
        for passage_id, term, frequency in cursor.fetchall():
            if passage_id in found:
                found[passage_id].frequencies[term] = frequency
    return list(found.values())
