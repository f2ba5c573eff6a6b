"""Passages of other documents that are nearest to some passages, in one statement."""

from collections.abc import Sequence

from django.db import connection

from collections_app.models import Document

# For each passage its own order by distance: an exact scan of the collection.
NEAR = """
SELECT mine.passage_id, near.passage_id, near.cosine
FROM collections_app_vector mine CROSS JOIN LATERAL (
    SELECT v.passage_id, 1 - (v.embedding <=> mine.embedding) AS cosine
    FROM collections_app_vector v
    WHERE v.collection_id = mine.collection_id AND v.model_id = mine.model_id
      AND vector_dims(v.embedding) = vector_dims(mine.embedding)
      AND vector_norm(v.embedding) > 0 AND v.document_id <> %(document)s
    ORDER BY v.embedding <=> mine.embedding, v.passage_id LIMIT %(limit)s
) near
WHERE mine.passage_id = ANY(%(passages)s) AND mine.model_id = %(model)s
  AND vector_norm(mine.embedding) > 0
ORDER BY mine.passage_id, near.cosine DESC, near.passage_id
"""


def near(
    document: Document, passages: Sequence[int], limit: int
) -> dict[int, list[tuple[int, float]]]:
    """{passage: [(passage, cosine), ...]} for these passages of a document, best first, from the
    other documents of its collection; every one of theirs is looked at."""
    found: dict[int, list[tuple[int, float]]] = {pk: [] for pk in passages}
    with connection.cursor() as cursor:
        cursor.execute(
            NEAR,
            {
                "document": document.pk,
                "passages": list(passages),
                "model": document.collection.embedding_model_id,
                "limit": limit,
            },
        )
        for mine, other, cosine in cursor.fetchall():
            found[mine].append((other, cosine))
    return found
