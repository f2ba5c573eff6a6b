"""Document vectors of collections that are too large to be held as one matrix."""

from collections.abc import Iterator, Sequence

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from collections_app.models import Collection, Document
from search_app.queries.documents import COLUMNS, NEARLY_ZERO, OF, Matrix, matrix, read

MOST = 200_000  # documents whose vectors are held at once: 300 MB at 384 numbers, and copies of it
SAMPLE = 50_000  # of more of them, what a map is made from
BLOCK = 20_000


def count(collection: Collection) -> int:
    """How many documents can have a vector."""
    return Document.objects.filter(collection=collection, state=Document.State.READY).count()


def all_or_sample(collection: Collection, most: int = SAMPLE) -> tuple[Matrix, bool]:
    """Every document vector, and True; or `most` of them where there are more than MOST."""
    if count(collection) <= MOST:
        return matrix(collection), True
    return sample(collection, most), False


def sample(collection: Collection, most: int) -> Matrix:
    """Up to so many, spread evenly by a hash of their numbers: the same ones each time."""
    return read(
        collection,
        f"SELECT {COLUMNS} FROM search_app_documentvector WHERE document_id IN ("  # noqa: S608
        f" SELECT document_id FROM search_app_documentvector WHERE {OF}"
        " ORDER BY hashint8(document_id), document_id LIMIT %s) ORDER BY document_id",
        [most],
    )


def blocks(collection: Collection, size: int = BLOCK) -> Iterator[Matrix]:
    """All of them, so many at a time, in the order of their documents."""
    last = 0
    while True:
        found = read(
            collection,
            f"SELECT {COLUMNS} FROM search_app_documentvector WHERE {OF}"  # noqa: S608
            " AND document_id > %s ORDER BY document_id LIMIT %s",
            [last, size],
        )
        if not len(found.ids):
            return
        yield found
        last = int(found.ids[-1])


MEANS = """
SELECT l2_normalize(mean)::real[] FROM (
    SELECT document_id, avg(embedding) AS mean FROM collections_app_vector
    WHERE vector_dims(embedding) = %s AND document_id = ANY(%s) AND collection_id = %s
      AND model_id = %s
    GROUP BY document_id
) of WHERE vector_norm(mean) > %s ORDER BY document_id
"""


def means(collection: Collection, documents: Sequence[int]) -> NDArray[np.float32]:
    """(n, dimension): of those of these documents that have passages, by number; length 1."""
    model = collection.embedding_model
    with connection.cursor() as cursor:
        cursor.execute(
            MEANS, [model.dimension, list(documents), collection.pk, model.pk, NEARLY_ZERO]
        )
        rows = [row[0] for row in cursor.fetchall()]
    return np.array(rows, np.float32).reshape(-1, model.dimension)
