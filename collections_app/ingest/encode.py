"""Vectors for passages: those known for equal text are reused, the rest is encoded at once.

Only `stored` reads the database, so encoding may run in a thread of its own.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from collections_app import storage, vectors
from collections_app.batches import batched
from collections_app.encoders import ModelMissing
from collections_app.ingest.read import Part, Reading
from collections_app.models import EmbeddingModel, Vector

logger = logging.getLogger(__name__)

Vectors = dict[str, np.ndarray]  # by content hash; float32, (dimension,)
Failures = list[tuple[Reading, Exception, Mapping[str, object]]]  # and where in the source
FIRST_WORDS = 40  # characters
PICTURES = 32  # read into memory at once


class NoVectorError(Exception):
    """The model gave numbers that no search could use."""


def stored(model: EmbeddingModel, hashes: Iterable[str]) -> Vectors:
    """Vectors that the model gave to equal text before."""
    rows = Vector.objects.filter(content_hash__any=list(hashes), model=model)
    pairs = rows.order_by("content_hash").distinct("content_hash")
    return dict(pairs.values_list("content_hash", "embedding"))


def encode(model: EmbeddingModel, readings: Sequence[Reading], found: Vectors) -> Failures:
    """Add the vectors that are not in `found`; the documents that the encoder failed on.

    A batch that fails is halved until the bad document is alone, so the others pass. Raises
    ModelMissing, whose subclass ModelAway may pass by itself.
    """
    failures: Failures = []
    _encode(model, readings, found, failures)
    return failures


def _encode(
    model: EmbeddingModel, readings: Sequence[Reading], found: Vectors, failures: Failures
) -> None:
    parts = [part for one in readings for part in one.parts]
    try:
        found |= _made(model, [part for part in parts if part.content_hash not in found])
    except ModelMissing:
        raise  # that is the fault of no document
    except Exception as error:
        if len(readings) == 1:
            logger.exception("Document %d cannot be embedded.", readings[0].document.pk)
            failures.append((readings[0], error, _place(_culprit(model, parts))))
            return
        middle = len(readings) // 2
        _encode(model, readings[:middle], found, failures)
        _encode(model, readings[middle:], found, failures)


def _made(model: EmbeddingModel, parts: Sequence[Part]) -> Vectors:
    texts = {part.content_hash: part.embedded for part in parts if not part.picture}
    pictures = {part.content_hash: part.picture for part in parts if part.picture}
    found: Vectors = {}
    if texts:
        made = vectors.encoder(model).encode(list(texts.values()))
        _check(made)
        found |= zip(texts, made, strict=True)
    for some in batched(pictures.items(), PICTURES):
        copies = [storage.copy_path_of(sha256, "served").read_bytes() for _key, sha256 in some]
        made = vectors.embed_pictures(model, copies)
        _check(made)
        found |= zip((key for key, _sha256 in some), made, strict=True)
    return found


def _culprit(model: EmbeddingModel, parts: Sequence[Part]) -> Part | None:
    """The first passage that the encoder fails on, found by halves; None if it fails on all."""
    last = parts[-1]
    while len(parts) > 1:
        middle = len(parts) // 2
        parts = parts[:middle] if _fails(model, parts[:middle]) else parts[middle:]
    [found] = parts
    return None if found is not last and _fails(model, [last]) else found


def _fails(model: EmbeddingModel, parts: Sequence[Part]) -> bool:
    try:
        _made(model, parts)
    except ModelMissing:
        raise
    except Exception:
        return True
    return False


def _place(part: Part | None) -> Mapping[str, object]:
    """Where the passage stands in the source; by its first words where that is all there is."""
    if part is None:
        return {}
    return part.place or {"passage": f"“{' '.join(part.text.split())[:FIRST_WORDS]}…”"}


def _check(made: np.ndarray) -> None:
    """NaN and infinity are refused by the database, zero vectors vanish from its indexes."""
    if not np.isfinite(made).all():
        raise NoVectorError("The model gave numbers that are not finite.")
    if not made.any(axis=1).all():
        raise NoVectorError("The model gave a vector of zeros: it knows nothing in this text.")
