"""A part of a run that is committed as a whole: documents, items, counters and cursor."""

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from collections_app import intake, storage
from collections_app.intake import AddResult, Incoming, ready
from collections_app.intake.ready import Ready
from collections_app.models import Blob, Collection, Run, RunProblem, SourceItem
from collections_app.pipeline.extracted import PLAIN
from collections_app.sources import queue
from collections_app.sources.items import Content, Validators

ITEMS = 200
READY_ITEMS = 2000  # that bring their vectors: nothing has to be read or embedded
BYTES = 20_000_000
SECONDS = 5.0
MOST_PROBLEMS = 1000  # kept of a run; further ones are counted only
REASON_LENGTH = 2000

Wake = Callable[[], None]


@dataclass
class Chunk:
    """What has been found out of items since the last commit."""

    run: Run
    wake: Wake
    items: int = field(default_factory=lambda: ITEMS)  # in one transaction
    _incoming: list[Incoming] = field(default_factory=list)
    _ready: list[Ready] = field(default_factory=list)
    _seen: dict[str, Validators] = field(default_factory=dict)
    _within: dict[str, str] = field(default_factory=dict)
    _kept: set[str] = field(default_factory=set)
    _problems: list[RunProblem] = field(default_factory=list)
    _unchanged: int = 0
    _elsewhere: int = 0
    _bytes: int = 0
    _since: float = field(default_factory=time.monotonic)

    def is_full(self) -> bool:
        late = time.monotonic() - self._since > SECONDS
        count = len(self._seen) + len(self._problems) + self._elsewhere
        return count >= self.items or self._bytes >= BYTES or (late and count > 0)

    def unchanged(self, external_id: str, validators: Validators, documents: int = 1) -> None:
        self._seen[external_id] = validators
        self._unchanged += documents

    def taken_apart(self, external_id: str, validators: Validators) -> None:
        """An item whose files have been seen."""
        self._seen[external_id] = self._seen.get(external_id, {}) | validators

    def is_within(self, external_id: str, other: str) -> None:
        """An item that was taken out of the other one."""
        self._within[external_id] = other

    def keep_within(self, external_id: str) -> None:
        """What was taken out of the item before stays as it is."""
        self._kept.add(external_id)

    def here_already(self) -> None:
        """An item whose document another source has, with the same content."""
        self._elsewhere += 1

    def content(self, external_id: str, found: Content, validators: Validators) -> None:
        """Stores the file, where it is one. Raises Rejected."""
        if found.ready:
            self._ready.append(found.ready)
            self.items = READY_ITEMS if self.items == ITEMS else self.items
            self._bytes += len(found.ready.document.text) + found.ready.vector.nbytes
        else:
            item, size = incoming(external_id, found)
            self._incoming.append(item)
            self._bytes += size
        self._seen[external_id] = validators

    def problem(self, external_id: str, outcome: str, reason: str, seen: bool = True) -> None:
        """An item that is left out. One that was seen is asked for anew in the next run."""
        if seen:
            self._seen[external_id] = {}
        self._problems.append(problem(self.run, external_id, outcome, reason))

    def commit(self, at: Any = None) -> None:
        """All of it in one transaction, if the run is still ours; raises queue.Lost else."""
        cursor = {key: value for key, value in self.run.cursor.items() if key != "suspect"}
        self.run.cursor = cursor | ({} if at is None else {"at": at})
        with transaction.atomic():
            current = queue.lock(self.run)
            result = self._add(current.source.collection)
            for one in result.problems:
                self.problem(one.external_id, RunProblem.Outcome.FAILED, one.message)
            self._write_items()
            counts = write_problems(current, self._problems)
            counts |= {
                "added": len(result.added),
                "changed": len(result.changed),
                "unchanged": len(result.unchanged) + self._unchanged + self._elsewhere,
            }
            sums = {name: F(name) + count for name, count in counts.items()}
            same = {"attempts": 0, "error": "", "progressed": Now()}
            queue.update(self.run, cursor=self.run.cursor, **sums, **same)
        self._clear()

    def _add(self, collection: Collection) -> AddResult:
        """A run's items all bring their vectors, or none does."""
        if self._ready:
            return ready.add(collection, self._ready)
        return intake.add_documents(collection, self._incoming, self.wake)

    def _write_items(self) -> None:
        rows = [
            SourceItem(
                source_id=self.run.source_id,
                external_id=external_id,
                validators=validators,
                seen_run=self.run.pk,
                within=self._within.get(external_id, ""),
            )
            for external_id, validators in self._seen.items()
        ]
        SourceItem.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["source", "external_id"],
            update_fields=["validators", "seen_run", "within"],
        )
        if self._kept:
            within = SourceItem.objects.filter(source=self.run.source_id, within__in=self._kept)
            within.exclude(within="").update(seen_run=self.run.pk)

    def _clear(self) -> None:
        self._incoming, self._ready, self._seen, self._problems = [], [], {}, []
        self._within, self._kept = {}, set()
        self._unchanged = self._elsewhere = self._bytes = 0
        self._since = time.monotonic()


def incoming(external_id: str, found: Content) -> tuple[Incoming, int]:
    """The document, its file stored, and about how many bytes it holds in memory."""
    blob = None
    if found.path is not None:
        with found.path.open("rb") as stream:
            blob = storage.store(stream, settings.MAX_UPLOAD_BYTES)
    elif found.data is not None:
        blob = storage.store(BytesIO(found.data), settings.MAX_UPLOAD_BYTES)
    return _incoming(external_id, found, blob), len(found.text or "")


def content_hash(external_id: str, found: Content) -> str:
    """That of the document which the content would come to. Nothing is stored."""
    if found.ready:
        return found.ready.document.content_hash
    blob = None
    if found.data is not None:
        blob = Blob(sha256=hashlib.sha256(found.data).hexdigest())
    return _incoming(external_id, found, blob).content_hash


def _incoming(external_id: str, found: Content, blob: Blob | None) -> Incoming:
    return Incoming(
        external_id,
        body=found.text,
        blob=blob,
        title=" ".join(found.title.split())[: intake.incoming.TITLE_LENGTH],
        media_type=found.media_type or PLAIN,
        metadata=found.metadata,
    )


def write_problems(run: Run, problems: Iterable[RunProblem]) -> dict[str, int]:
    """Keep as many as there is room for; how many were skipped and failed, by counter."""
    found = list(problems)
    room = max(0, MOST_PROBLEMS - run.skipped - run.failed)
    RunProblem.objects.bulk_create(found[:room])
    skipped = sum(one.outcome == RunProblem.Outcome.SKIPPED for one in found)
    return {"skipped": skipped, "failed": len(found) - skipped}


def problem(run: Run, external_id: str, outcome: str, reason: str) -> RunProblem:
    """Not written yet."""
    shown = external_id[: intake.incoming.ID_LENGTH].replace("\x00", "")
    clean = reason.replace("\x00", "")[:REASON_LENGTH]
    return RunProblem(run=run, external_id=shown, outcome=outcome, reason=clean)
