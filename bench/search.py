"""What a search costs: python -m bench.search

20,000 passages with random vectors and 30 terms each. The whole of `search()` (both legs,
fusion, snippets) beside the bare scan of the same vectors in SQL, then once more through the
HNSW index.
"""

import random
import sys
from collections.abc import Callable

from bench._site import machine, median, seconds, site

PASSAGES = 20_000
DIMENSION = 384
QUERIES = 30

DOCUMENTS = """
INSERT INTO collections_app_document (collection_id, external_id, title, media_type, text,
    metadata, content_hash, token_count, revision, state, attempts, error, error_stage,
    created, updated)
SELECT %(collection)s, n::text, 'Document ' || n, 'text/plain', '', '{}', n::text, 0, 1,
    'ready', 0, '', '', now(), now()
FROM generate_series(1, %(passages)s) n
"""
PASSAGE_ROWS = """
INSERT INTO collections_app_passage (document_id, collection_id, model_id, ordinal, heading, text,
    start, "end", token_count, term_count, content_hash)
SELECT id, collection_id, %(model)s, 0, '', 'w1 w2 w3 ' || repeat('filler words stand here. ', 20),
    0, 1, 100, 30, id::text
FROM collections_app_document
"""
VECTORS = """
INSERT INTO collections_app_vector (passage_id, collection_id, model_id, content_hash, embedding)
SELECT p.id, p.collection_id, %(model)s, p.content_hash, (
    SELECT l2_normalize(array_agg(random() - 0.5)::real[]::vector)
    FROM generate_series(1, %(dimension)s + 0 * p.id)
)
FROM collections_app_passage p
"""
# Few terms are frequent and most are rare, as in real text.
POSTINGS = """
INSERT INTO collections_app_posting (collection_id, term, passage_id, frequency)
SELECT p.collection_id, 'w' || floor(power(random(), 3) * 20000)::int, p.id, 1
FROM collections_app_passage p, generate_series(1, 30)
ON CONFLICT DO NOTHING
"""
SCAN = """
SELECT passage_id FROM collections_app_vector WHERE collection_id = %s
ORDER BY embedding <=> %s::vector LIMIT 200
"""


def main() -> None:
    sys.stdout.reconfigure(line_buffering=True)
    with site():
        from collections_app import vectors
        from search_app.queries import indexes
        from search_app.queries.vectors import text
        from search_app.search import search

        for name in indexes.orphans():  # an earlier run's: the first figures are exact scans
            indexes.drop(name)
        collection = _filled()
        queries = _queries(vectors, collection.embedding_model)

        def scan(query: str) -> None:
            vector = text(vectors.embed_query(collection.embedding_model, query))
            _execute(SCAN, [collection.pk, vector])

        def find(query: str) -> None:
            assert search(collection.owner, query, collection=collection).hits

        print(f"Machine: {machine()}")
        bare, exact = _in_turns(queries, scan, find)
        print(f"Bare scan of {PASSAGES:,} vectors: p50 {bare * 1000:.1f} ms")
        print(f"search(), exact: p50 {exact * 1000:.1f} ms, {exact / bare:.2f} times the scan")
        indexes.maintain(PASSAGES)
        bare, indexed = _in_turns(queries, scan, find)
        print(f"search(), HNSW: p50 {indexed * 1000:.1f} ms, {indexed / bare:.2f} times the scan")


def _in_turns(queries: list[str], *works: Callable[[str], None]) -> list[float]:
    """The median seconds of each, taken in turns over the same queries."""
    taken: list[list[float]] = [[] for _ in works]
    for query in queries:
        for times, work in zip(taken, works, strict=True):
            times.append(seconds(lambda work=work, query=query: work(query)))
    return [median(times) for times in taken]


def _filled():
    """The collection, with everything that a search reads."""
    from django.contrib.auth.models import User

    from collections_app.models import EmbeddingModel
    from collections_app.services import create_collection

    model = EmbeddingModel.objects.create(
        name="random", backend="fake", ref="fake", dimension=DIMENSION
    )
    owner = User.objects.create_superuser("bench")
    collection = create_collection(owner, "random", model=model)
    values = {
        "collection": collection.pk,
        "model": model.pk,
        "passages": PASSAGES,
        "dimension": DIMENSION,
    }
    for statement in (DOCUMENTS, PASSAGE_ROWS, VECTORS, POSTINGS, "ANALYZE"):
        _execute(statement, values)
    return collection


def _queries(vectors, model) -> list[str]:
    """Five terms each, whose vectors are ready: the encoder is not measured here."""
    chosen = random.Random(0)
    queries = [
        " ".join(f"w{int(chosen.random() ** 3 * 20_000)}" for _ in range(5)) for _ in range(QUERIES)
    ]
    for query in queries:
        vectors.embed_query(model, query)
    return queries


def _execute(statement: str, values) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values if "%" in statement else None)


if __name__ == "__main__":
    main()
