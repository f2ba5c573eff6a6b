"""From the queue to ready, a batch at a time."""

import logging
import time
import uuid
from collections.abc import Iterable, Iterator
from itertools import groupby

from collections_app.ingest.claim import claim, lease_kept
from collections_app.ingest.encode import NoVectorError, encode
from collections_app.ingest.finish import finish
from collections_app.ingest.read import Reader, Reading, Unusable
from collections_app.ingest.states import postpone, set_aside, set_aside_exhausted, waiting
from collections_app.models import Collection, Document, EmbeddingModel
from collections_app.signals import documents_indexed

logger = logging.getLogger(__name__)

BATCH = 64  # documents in one claim
PASSAGES = 512  # encoded and committed together, or the passages of one document


def run_once(limit: int = BATCH, collection_id: int | None = None) -> int:
    """Claim up to `limit` documents and see each through; how many were claimed.

    Raises DatabaseError when the database goes away; the leases run out by themselves.
    """
    token, documents = claim(limit, collection_id)
    if not documents:
        set_aside_exhausted()
        return 0
    with lease_kept(token):
        by_model = sorted(documents, key=lambda one: one.collection.embedding_model_id)
        for _pk, group in groupby(by_model, key=lambda one: one.collection.embedding_model_id):
            _see_through(list(group), token)
    return len(documents)


def work(seconds: float) -> bool:
    """Work for about this long; True when there is more to do."""
    end = time.monotonic() + seconds
    while run_once():
        if time.monotonic() > end:
            return waiting().exists()
    return False


def drain(collection_id: int | None = None) -> int:
    """Work until nothing can be claimed; how many documents were."""
    total = 0
    while count := run_once(collection_id=collection_id):
        total += count
    return total


def _see_through(documents: list[Document], token: uuid.UUID) -> None:
    """Embed documents of one model; whatever goes wrong is noted on those it concerns."""
    model = documents[0].collection.embedding_model
    left = {document.pk: document for document in documents}
    try:
        reader = Reader.of(model)
        for batch in _batches(_read(reader, documents, left, token)):
            _embed(model, batch, token)
            for one in batch:
                left.pop(one.document.pk)
    except Exception as error:
        # A model that cannot be loaded, a deadlock, a bug: it may pass. A database that is
        # gone raises again here, and the leases run out.
        logger.exception("A batch of %d documents failed.", len(left))
        for document in left.values():
            postpone(document, token, "embed", str(error) or repr(error))


def _read(
    reader: Reader, documents: list[Document], left: dict[int, Document], token: uuid.UUID
) -> Iterator[Reading]:
    for document in documents:
        try:
            yield reader.read(document)
        except Unusable as error:
            set_aside(document, token, error.stage, str(error))
            left.pop(document.pk)


def _batches(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    batch: list[Reading] = []
    for one in readings:
        batch.append(one)
        if sum(len(reading.parts) for reading in batch) >= PASSAGES:
            yield batch
            batch = []
    if batch:
        yield batch


def _embed(model: EmbeddingModel, batch: list[Reading], token: uuid.UUID) -> None:
    found, failures = encode(model, batch)
    for one, error in failures:
        give_up = set_aside if isinstance(error, NoVectorError) else postpone
        give_up(one.document, token, "embed", str(error) or repr(error))
    failed = {one.document.pk for one, _error in failures}
    encoded = [one for one in batch if one.document.pk not in failed]
    kept = finish(model, encoded, found, token)
    if lost := len(encoded) - len(kept):
        logger.info("%d documents were edited, deleted or taken over meanwhile.", lost)
    for collection_id in sorted({one.document.collection_id for one in kept}):
        documents_indexed.send_robust(sender=Collection, collection_id=collection_id)
