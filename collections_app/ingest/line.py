"""Three batches on their way at once: one is read, one encoded, one committed.

The encoder works in a thread of its own and uses all cores; reading and committing, which
wait for the disk and the database, happen meanwhile in the thread of the caller.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from collections_app.encoders import ItemRefused, ModelAway, metered
from collections_app.ingest import spending, states
from collections_app.ingest.claim import Leases
from collections_app.ingest.encode import Failures, NoVectorError, Vectors, encode, stored
from collections_app.ingest.finish import finish
from collections_app.ingest.read import Reader, Reading, Unusable
from collections_app.models import Collection, Document, EmbeddingModel
from collections_app.signals import documents_indexed

logger = logging.getLogger(__name__)

PASSAGES = 512  # encoded and committed together, or the passages of one document


@dataclass(frozen=True)
class _Batch:
    """Documents of one claim and model; `found` and `spent`, tokens by collection, fill while
    `failures` is awaited."""

    model: EmbeddingModel
    readings: list[Reading]
    found: Vectors
    spent: Counter[int]
    failures: Future[Failures]


class Ends(Protocol):
    """What becomes of documents at the end of the line."""

    def finish(
        self, model: EmbeddingModel, readings: Sequence[Reading], found: Vectors
    ) -> list[Reading]:
        """Commit those that are still the worker's; these are returned."""

    def set_aside(
        self,
        document: Document,
        stage: str,
        reason: str,
        place: Mapping[str, object] | None = None,
    ) -> None:
        """Give the document up."""

    def postpone(
        self,
        document: Document,
        stage: str,
        reason: str,
        place: Mapping[str, object] | None = None,
    ) -> None:
        """Let it be tried again later."""

    def release(self, document: Document, reason: str) -> None:
        """Let it be tried again later, at no cost: the model was away."""

    def committed(self, readings: Sequence[Reading]) -> None:
        """After the commit of these."""


class Ingest:
    """A document that is ready, under the model its collection is searched under."""

    finish = staticmethod(finish)
    set_aside = staticmethod(states.set_aside)
    postpone = staticmethod(states.postpone)
    release = staticmethod(states.release)

    @staticmethod
    def committed(readings: Sequence[Reading]) -> None:
        for collection_id in sorted({one.document.collection_id for one in readings}):
            documents_indexed.send_robust(sender=Collection, collection_id=collection_id)


class Line:
    """Sees documents through; whatever goes wrong is noted on those it concerns.

    All is committed when the block is left. A database that is gone raises OperationalError
    from any call; the leases run out then.
    """

    def __init__(self, leases: Leases[Any], ends: Ends | None = None) -> None:
        self._leases = leases
        self._ends = ends or Ingest()
        self._encoding: _Batch | None = None
        self._thread = ThreadPoolExecutor(1, "encoder")

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        try:
            if error is None:
                self.clear()
        finally:
            self._thread.shutdown(cancel_futures=True)

    def clear(self) -> None:
        """Wait until everything that was fed is committed."""
        last, self._encoding = self._encoding, None
        if last:
            self._commit(last)

    def feed(self, model: EmbeddingModel, documents: list[Document]) -> None:
        """Documents of one claim, for this model: read, and committed by and by."""
        left = {document.pk: document for document in documents}
        try:
            reader = Reader.of(model)
            for readings in _batches(self._read(reader, documents, left)):
                self._encode(reader, readings)
                for one in readings:
                    left.pop(one.document.pk)
        except Exception as error:
            self._postpone(model, left.values(), error)

    def _read(
        self, reader: Reader, documents: list[Document], left: dict[int, Document]
    ) -> Iterator[Reading]:
        for document in documents:
            try:
                yield reader.read(document)
            except Unusable as error:
                self._ends.set_aside(document, error.stage, str(error), error.place)
                left.pop(document.pk)

    def _encode(self, reader: Reader, readings: list[Reading]) -> None:
        """Keep the encoder busy first, then commit what it has done.

        While it is waited for, the worker may be halted and what it read ahead become others'.
        """
        last = self._encoding
        if last:
            last.failures.exception()  # wait; `_commit` looks at it
        ours = self._ours(readings)
        self._encoding = self._begun(reader, ours, last) if ours else None
        if last:
            self._commit(last)

    def _begun(self, reader: Reader, readings: list[Reading], last: _Batch | None) -> _Batch:
        model = reader.model
        hashes = {part.content_hash for one in readings for part in one.parts}
        found = stored(model, hashes)
        if last and last.model == model:  # equal text on both sides of a border
            found |= {key: last.found[key] for key in hashes & last.found.keys()}
        spent: Counter[int] = Counter()
        failures = self._thread.submit(_encode, reader, readings, found, spent)
        return _Batch(model, readings, found, spent, failures)

    def _ours(self, readings: list[Reading]) -> list[Reading]:
        kept = self._leases.kept(one.document.pk for one in readings)
        ours = [one for one in readings if one.document.pk in kept]
        if lost := len(readings) - len(ours):
            logger.info("%d documents were taken over before they were encoded.", lost)
        return ours

    def _commit(self, batch: _Batch) -> None:
        try:
            batch.failures.exception()  # wait: what was spent is spent, whatever came of it
            spending.note(batch.model, batch.spent)
            failures = batch.failures.result()
            if batch.model.away_until:
                states.note_back(batch.model)
            for one, error, place in failures:
                final = isinstance(error, NoVectorError | ItemRefused)
                give_up = self._ends.set_aside if final else self._ends.postpone
                give_up(one.document, "embed", str(error) or repr(error), place)
            failed = {one.document.pk for one, _error, _place in failures}
            encoded = [one for one in batch.readings if one.document.pk not in failed]
            kept = self._ends.finish(batch.model, encoded, batch.found)
        except Exception as error:
            self._postpone(batch.model, [one.document for one in batch.readings], error)
            return
        if lost := len(encoded) - len(kept):
            logger.info("%d documents were edited, deleted or taken over meanwhile.", lost)
        self._ends.committed(kept)

    def _postpone(
        self, model: EmbeddingModel, documents: Iterable[Document], error: Exception
    ) -> None:
        """A model that cannot be loaded, a deadlock, a bug: it may pass.

        A database that is gone raises again here.
        """
        documents = list(documents)
        if isinstance(error, ModelAway):
            logger.warning("%d documents wait: %s", len(documents), error)
            states.note_away(model, str(error))
            for document in documents:
                self._ends.release(document, str(error))
            return
        logger.error("A batch of %d documents failed.", len(documents), exc_info=error)
        for document in documents:
            self._ends.postpone(document, "embed", str(error) or repr(error))


def _encode(
    reader: Reader, readings: list[Reading], found: Vectors, spent: Counter[int]
) -> Failures:
    new = spending.new_tokens(readings, found)
    with metered() as meter:
        try:
            failures = encode(reader.model, readings, found)
        finally:
            spent.update(spending.shared(meter.tokens, new))
    embedded = reader.clock.now()
    for one in readings:
        one.reached["embedded"] = embedded
    return failures


def _batches(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    batch: list[Reading] = []
    passages = 0
    for one in readings:
        batch.append(one)
        passages += len(one.parts)
        if passages >= PASSAGES:
            yield batch
            batch, passages = [], 0
    if batch:
        yield batch
