"""Documents that came in since some moment, and their passages."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.db import connection
from django.db.models import QuerySet
from numpy.typing import NDArray

from collections_app.models import Collection, Document, EmbeddingModel, Passage
from search_app.models import Interest, InterestMatch
from search_app.queries import vectors


def newcomers(
    interest: Interest, collections: Sequence[Collection], since: datetime
) -> QuerySet[Document]:
    """Documents added after the interest was made and ready after `since`, but for those that
    have been told already and for the one that is followed."""
    told = InterestMatch.objects.filter(interest=interest).values("document")
    return (
        Document.objects.filter(
            collection__in=[one.pk for one in collections],
            ready_at__gt=since,
            created__gt=interest.created,
        )
        .exclude(pk__in=told)
        .exclude(pk=interest.document_id or 0)
        .order_by("pk")
    )


def pictures(documents: Sequence[int]) -> set[int]:
    """Those of the documents that are pictures."""
    rows = Document.objects.filter(pk__in=documents, format__startswith="image/")
    return set(rows.values_list("pk", flat=True))


def passages(documents: Sequence[int], model: EmbeddingModel) -> NDArray[np.int64]:
    """(n, 3): passage, document and ordinal of each passage under the model, by passage."""
    rows = Passage.objects.filter(document__in=documents, model=model).order_by("pk")
    found = list(rows.values_list("pk", "document", "ordinal"))
    return np.array(found, np.int64).reshape(-1, 3)


def cosines(
    passages_: NDArray[np.int64], model: EmbeddingModel, vector: np.ndarray
) -> NDArray[np.float64]:
    """Of these passages with a vector (n,); NaN where one has none."""
    rows = vectors.matrix(passages_, model).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(vector)
        found: NDArray[np.float64] = rows @ vector.astype(np.float64) / lengths
    return found


def now() -> datetime:
    """By the database's clock, as documents have it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


LATEST = """
SELECT c.id, (SELECT d.ready_at FROM collections_app_document d
              WHERE d.collection_id = c.id AND d.ready_at IS NOT NULL
              ORDER BY d.ready_at DESC LIMIT 1)
FROM collections_app_collection c WHERE c.owner_id IS NOT NULL
"""


def latest() -> dict[int, datetime]:
    """When the last document of each collection became ready."""
    with connection.cursor() as cursor:
        cursor.execute(LATEST)
        return {pk: moment for pk, moment in cursor.fetchall() if moment is not None}
