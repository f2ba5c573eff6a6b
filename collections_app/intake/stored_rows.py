"""Rows of the reference tool's `embeddings.db`, checked, as documents that bring their vectors."""

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from collections_app import storage
from collections_app.intake.incoming import (
    Incoming,
    Problem,
    problem_with_id,
    problem_with_metadata,
)
from collections_app.intake.ready import Ready
from collections_app.models import Document, EmbeddingModel
from collections_app.pipeline.decode import clean
from collections_app.pipeline.embeddings_db import StoredRow
from collections_app.storage import Rejected
from collections_app.texts import UNSTORABLE

MOST_NUMBERS = 16_000  # of a vector: what pgvector stores


def vector_of(data: Any) -> np.ndarray | None:
    """The numbers; None where they are none that could be searched for."""
    if not isinstance(data, bytes) or not data or len(data) % 4:
        return None
    vector = np.frombuffer(data, "<f4")
    if len(vector) > MOST_NUMBERS or not np.isfinite(vector).all() or not vector.any():
        return None
    return vector


def usable(
    rows: list[StoredRow], model: EmbeddingModel, problems: list[Problem]
) -> Iterator[Ready]:
    for row in rows:
        vector = vector_of(row.embedding)
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
