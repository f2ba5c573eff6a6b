"""Writing collections as the reference tool's `embeddings.db`."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import IO

import numpy as np
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from collections_app import storage
from collections_app.intake.llm_models import model_id
from collections_app.models import (
    Collection,
    Document,
    ImportedCollection,
    ImportedRow,
    Passage,
    Vector,
)
from collections_app.pipeline import embeddings_db
from collections_app.pipeline.embeddings_db import StoredCollection, StoredRow
from collections_app.storage import Rejected

AT_ONCE = 500
MOST_AT_ONCE = 100_000  # documents in an answer


def export_database(collections: Sequence[Collection], path: Path) -> int:
    """Make the file, with a row for each embedded document; how many went into it.

    What was imported and not changed since goes out as it came in, to the byte. A document
    of several passages has the mean of their vectors, scaled to length 1.
    """
    imported = ImportedCollection.objects.in_bulk([one.pk for one in collections])
    numbers = _numbers(collections, imported)
    return embeddings_db.write(
        path,
        (
            (_stored(one, numbers[one.pk], imported.get(one.pk)), _rows(one))
            for one in sorted(collections, key=lambda one: numbers[one.pk])
        ),
    )


def exported(collections: Sequence[Collection]) -> IO[bytes]:
    """The file, open for reading; it is gone from the disk once it is closed.

    Raises Rejected where there is more than a request should wait for.
    """
    count = Document.objects.filter(collection__in=[one.pk for one in collections]).count()
    if count > MOST_AT_ONCE:
        raise Rejected(
            _(
                "These are %(count)d documents; %(most)d can be had at once. Choose fewer "
                "collections, or ask an administrator for `manage.py export_llm_db`."
            )
            % {"count": count, "most": MOST_AT_ONCE}
        )
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / "embeddings.db"
        export_database(collections, path)
        return path.open("rb")


def _numbers(
    collections: Sequence[Collection], imported: dict[int, ImportedCollection]
) -> dict[int, int]:
    """Those that came in keep their numbers, as far as no two have one; the rest get free ones."""
    numbers: dict[int, int] = {}
    taken = set[int]()
    for pk, one in imported.items():
        if one.number not in taken:
            numbers[pk] = one.number
            taken.add(one.number)
    free = (number for number in count(1) if number not in taken)
    for collection in collections:
        if collection.pk not in numbers:
            numbers[collection.pk] = next(free)
    return numbers


def _stored(
    collection: Collection, number: int, imported: ImportedCollection | None
) -> StoredCollection:
    known = imported.model_id if imported else ""
    return StoredCollection(number, collection.name, model_id(collection.embedding_model, known))


def _rows(collection: Collection) -> Iterator[StoredRow]:
    """In the order the documents came in, a batch of them in memory."""
    last = 0
    while batch := list(_embedded(collection).filter(pk__gt=last)[:AT_ONCE]):
        for document in batch:
            passages = document.passages.all()
            vectors = [vector.embedding for one in passages for vector in one.vectors.all()]
            if vectors:
                yield _row(document, np.array(vectors, np.float32))
        last = batch[-1].pk


def _embedded(collection: Collection) -> QuerySet[Document]:
    vectors = Vector.objects.filter(model=collection.embedding_model_id)
    return (
        collection.documents.filter(state=Document.State.READY)
        .select_related("imported", "blob")
        .prefetch_related(
            Prefetch("passages", queryset=Passage.objects.active()),
            Prefetch("passages__vectors", queryset=vectors),
        )
        .order_by("pk")
    )


def _row(document: Document, vectors: np.ndarray) -> StoredRow:
    imported: ImportedRow | None = getattr(document, "imported", None)
    embedding = _mean(vectors).astype("<f4").tobytes()
    if imported and imported.revision == document.revision:
        return _as_it_came(document, embedding, imported)
    content = document.text if document.blob else document.source_text or ""
    return StoredRow(
        id=document.external_id,
        embedding=embedding,
        content=content,
        content_hash=hashlib.md5(content.encode(), usedforsecurity=False).digest(),
        metadata=json.dumps(document.metadata) if document.metadata else None,
        updated=int(document.updated.timestamp()),
    )


def _as_it_came(document: Document, embedding: bytes, imported: ImportedRow) -> StoredRow:
    return StoredRow(
        id=document.external_id,
        embedding=embedding,
        content=document.source_text if imported.has_content else None,
        content_blob=storage.read(document.blob) if document.blob else None,
        content_hash=None if imported.content_hash is None else bytes(imported.content_hash),
        metadata=imported.metadata,
        updated=imported.updated,
    )


def _mean(vectors: np.ndarray) -> np.ndarray:
    if len(vectors) == 1:
        return np.asarray(vectors[0])
    mean = vectors.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))
