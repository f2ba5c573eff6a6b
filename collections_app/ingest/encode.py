"""Vectors for passages: those known for equal text are reused, the rest is encoded at once.

Only `stored` reads the database, so encoding may run in a thread of its own.
"""

import logging
from collections.abc import Iterable, Sequence

import numpy as np

from collections_app import vectors
from collections_app.ingest.read import Reading
from collections_app.models import EmbeddingModel, Vector

logger = logging.getLogger(__name__)

Vectors = dict[str, np.ndarray]  # by content hash; float32, (dimension,)
Failures = list[tuple[Reading, Exception]]


class NoVectorError(Exception):
    """The model gave numbers that no search could use."""


def stored(model: EmbeddingModel, hashes: Iterable[str]) -> Vectors:
    """Vectors that the model gave to equal text before."""
    rows = Vector.objects.filter(content_hash__in=list(hashes), model=model)
    pairs = rows.order_by("content_hash").distinct("content_hash")
    return dict(pairs.values_list("content_hash", "embedding"))


def encode(model: EmbeddingModel, readings: Sequence[Reading], found: Vectors) -> Failures:
    """Add the vectors that are not in `found`; the documents that the encoder failed on.

    A batch that fails is halved until the bad document is alone, so the others pass.
    """
    failures: Failures = []
    _encode(model, readings, found, failures)
    return failures


def _encode(
    model: EmbeddingModel, readings: Sequence[Reading], found: Vectors, failures: Failures
) -> None:
    texts = {
        part.content_hash: part.embedded
        for one in readings
        for part in one.parts
        if part.content_hash not in found
    }
    if not texts:
        return
    try:
        made = vectors.encoder(model).encode(list(texts.values()))
        _check(made)
    except Exception as error:
        if len(readings) == 1:
            logger.exception("Document %d cannot be embedded.", readings[0].document.pk)
            failures.append((readings[0], error))
            return
        middle = len(readings) // 2
        _encode(model, readings[:middle], found, failures)
        _encode(model, readings[middle:], found, failures)
        return
    found.update(zip(texts, made, strict=True))


def _check(made: np.ndarray) -> None:
    """NaN and infinity are refused by the database, zero vectors vanish from its indexes."""
    if not np.isfinite(made).all():
        raise NoVectorError("The model gave numbers that are not finite.")
    if not made.any(axis=1).all():
        raise NoVectorError("The model gave a vector of zeros: it knows nothing in this text.")
