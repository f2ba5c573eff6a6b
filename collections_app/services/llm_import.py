"""Bringing in the reference tool's `embeddings.db`, vectors and all.

Nothing is embedded: a row becomes a ready document of one passage with the vector it came with.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from collections_app import purge, storage
from collections_app.batches import batched
from collections_app.intake import Incoming, Problem
from collections_app.intake.incoming import UNSTORABLE, problem_with_id, problem_with_metadata
from collections_app.models import Collection, Document, EmbeddingModel, ImportedCollection
from collections_app.pipeline import embeddings_db
from collections_app.pipeline.decode import clean
from collections_app.pipeline.embeddings_db import EmbeddingsDb, StoredCollection, StoredRow
from collections_app.services.collections import create_collection
from collections_app.services.llm_models import model_for
from collections_app.services.llm_rows import Ready, write
from collections_app.storage import Rejected

BATCH = 500
MOST_NUMBERS = 16_000  # of a vector: what pgvector stores


@dataclass
class Imported:
    """What became of one collection of the file; `collection` is None where it stayed out."""

    name: str
    collection: Collection | None = None
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)


def import_database(owner: User, path: Path) -> Iterator[Imported]:
    """Each collection of the file in turn, as one of the owner's; rows of a known id are replaced.

    A bad row is a Problem and no other is lost. Raises Unreadable for what is no such file.
    """
    with embeddings_db.opened(path) as file:
        for stored in file.collections():
            yield _import(owner, file, stored)


def _import(owner: User, file: EmbeddingsDb, stored: StoredCollection) -> Imported:
    result = Imported(stored.name)
    try:
        collection = _collection(owner, file, stored)
    except Rejected as error:
        result.problems.append(Problem(stored.name, str(error)))
        return result
    result.collection = collection
    for rows in batched(file.rows(stored.number), BATCH):
        ready = list(_usable(rows, collection.embedding_model, result.problems))
        with transaction.atomic():
            # One adder per collection at a time, as where documents are added.
            Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)
            known = collection.documents.filter(external_id__in=[one.row.id for one in ready])
            purge.delete(known)
            write(collection, ready)
        result.rows += len(ready)
    return result


def _collection(owner: User, file: EmbeddingsDb, stored: StoredCollection) -> Collection:
    """The owner's collection of this name. Raises Rejected where it has another model."""
    model = model_for(stored.model, _first_vector(file, stored))
    found = Collection.objects.filter(owner=owner, name=stored.name.strip()).first()
    if found and found.embedding_model != model:
        raise Rejected(
            _("You have a collection of this name under the model %(model)s. Rename one of them.")
            % {"model": found.embedding_model}
        )
    collection = found or create_collection(owner, stored.name, model=model)
    ImportedCollection.objects.update_or_create(
        collection=collection, defaults={"number": stored.number, "model_id": stored.model}
    )
    return collection


def _first_vector(file: EmbeddingsDb, stored: StoredCollection) -> np.ndarray | None:
    vectors = (_vector(row.embedding) for row in file.rows(stored.number))
    return next((vector for vector in vectors if vector is not None), None)


def _vector(data: Any) -> np.ndarray | None:
    """The numbers; None where they are none that could be searched for."""
    if not isinstance(data, bytes) or not data or len(data) % 4:
        return None
    vector = np.frombuffer(data, "<f4")
    if len(vector) > MOST_NUMBERS or not np.isfinite(vector).all() or not vector.any():
        return None
    return vector


def _usable(
    rows: list[StoredRow], model: EmbeddingModel, problems: list[Problem]
) -> Iterator[Ready]:
    for row in rows:
        vector = _vector(row.embedding)
        message = _problem(row) or _problem_with_vector(vector, model)
        if message or vector is None:
            problems.append(Problem(str(row.id), message))
            continue
        try:
            yield _ready(row, vector)
        except Rejected as error:
            problems.append(Problem(row.id, str(error)))


def _problem_with_vector(vector: np.ndarray | None, model: EmbeddingModel) -> str:
    if vector is None:
        return _("Its vector is empty, zero, too long or has numbers that are not finite.")
    if len(vector) != model.dimension:
        return _("Its vector has %(count)d numbers, those of the model have %(most)d.") % {
            "count": len(vector),
            "most": model.dimension,
        }
    return ""


def _problem(row: StoredRow) -> str:
    if message := problem_with_id(row.id):
        return message
    for text in (row.content, row.metadata):
        if text is not None and (not isinstance(text, str) or UNSTORABLE.search(text)):
            return _("Its content or metadata has NUL or broken characters in it.")
    if len(row.content or "") > settings.MAX_TEXT_CHARS:
        return _("The text is too long: the most is %(most)d characters.") % {
            "most": settings.MAX_TEXT_CHARS
        }
    return ""


def _ready(row: StoredRow, vector: np.ndarray) -> Ready:
    """Raises Rejected for a file that cannot be kept."""
    blob = None
    if row.content is None and row.content_blob is not None:
        blob = storage.store(io.BytesIO(row.content_blob), settings.MAX_UPLOAD_BYTES)
    given = row.content or ""
    text = clean(given)
    return Ready(
        row=row,
        vector=vector,
        document=Document(
            external_id=row.id,
            title=row.id,
            media_type="application/octet-stream" if blob else "text/plain",
            body=None if given == text else given,
            blob=blob,
            text=text,
            metadata=_metadata(row.metadata),
            content_hash=_content_hash(row),
            token_count=len(text) // 4,  # about: the model's tokenizer may not be here
            state=Document.State.READY,
            ready_at=timezone.now(),
            updated=_time(row.updated),
        ),
    )


def _metadata(text: str | None) -> dict[str, Any]:
    """An object, as ours are; anything else is kept beside the document and given back."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) and not problem_with_metadata(value) else {}


def _content_hash(row: StoredRow) -> str:
    """As if the text came in today; of a row without one, a hash that no text has."""
    if row.content is not None:
        return Incoming(row.id, body=row.content).content_hash
    return hashlib.sha256(b"no text\n" + (row.content_hash or row.embedding)).hexdigest()


def _time(seconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return timezone.now()
