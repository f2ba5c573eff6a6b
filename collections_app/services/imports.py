"""Files that hold many documents: archives, mailboxes and tables, as sources that run once."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from collections_app import partial_files, storage
from collections_app.batches import batched
from collections_app.intake import Incoming
from collections_app.intake.incoming import problem_with, problem_with_id
from collections_app.models import Blob, Collection, Document, Run, Source, SourceItem, Upload
from collections_app.pipeline import containers, rows
from collections_app.pipeline.extracted import PLAIN
from collections_app.services.sources import change_source, create_source, request_run
from collections_app.sources.listing import taken_by
from collections_app.storage import remove_unused

NAME_LENGTH = 200
FIRST_PROBLEMS = 20
CHUNK = 1000


@dataclass
class DryRun:
    """What an import would do: counts of rows, and the first that would be left out."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    problems: list[rows.BadRow] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    unnamed: bool = False  # a row has no id: nothing is removed then

    def leave_out(self, row: rows.BadRow) -> None:
        self.failed += 1
        self.reasons[row.reason] += 1
        if len(self.problems) < FIRST_PROBLEMS:
            self.problems.append(row)


def holds_many(path: Path, name: str) -> bool:
    """Whether the file is taken apart: an archive, a mailbox, a message with attachments, or
    rows by its name."""
    with path.open("rb") as file:
        return rows.has_rows(name) or containers.holds_files(file, name)


def import_file(
    collection: Collection, name: str, blob: Blob, options: dict[str, Any] | None = None
) -> Run:
    """Take the stored file apart, by a worker. A file of the same name takes the place of the
    one before, and what is no longer in it goes. Raises Rejected."""
    wanted = {"name": name} | (options or {})
    with transaction.atomic():
        held = Blob.objects.select_for_update(no_key=True).get(pk=blob.pk)
        kind = Source.Kind.FILE
        source = collection.sources.filter(kind=kind, name=name[-NAME_LENGTH:]).first()
        if source is None:
            source = create_source(collection, kind, name[-NAME_LENGTH:], wanted, blob=held)
        else:
            kept = {"before": source.options.get("before", "")}
            _replace(source, held, kept | wanted)
        return request_run(source)


def import_rows(
    upload: Upload, form: rows.RowFormat, plan: rows.Plan, media_type: str = PLAIN
) -> Run:
    """Import a received file of rows by this plan, their text in this format. Raises Rejected."""
    with partial_files.path_of(upload).open("rb") as stream:
        blob = storage.store(stream, settings.MAX_UPLOAD_BYTES)
    options = {"reading": "rows", "format": form.as_options(), "plan": plan.as_options()}
    options["media_type"] = media_type
    run = import_file(upload.collection, upload.name, blob, options)
    Upload.objects.filter(pk=upload.pk).update(state=Upload.State.DONE, run=run)
    partial_files.remove(upload)
    return run


def dry_run(
    upload: Upload, form: rows.RowFormat, plan: rows.Plan, media_type: str = PLAIN
) -> DryRun:
    """Look at all rows as an import would, and write nothing. Raises Unreadable."""
    result, seen, chunk = DryRun(), set[str](), dict[int, Incoming]()
    for row in rows.read(partial_files.path_of(upload), form):
        made = plan.item(row)
        if isinstance(made, rows.BadRow):
            result.unnamed = True
            result.leave_out(made)
            continue
        incoming = _incoming(made, media_type)
        if bad := _problem(incoming, row.number, seen):
            result.unnamed |= bool(problem_with_id(made.id))
            result.leave_out(bad)
        else:
            chunk[row.number] = incoming
        seen.add(made.id)
        if len(chunk) == CHUNK:
            _count(upload, chunk, result)
            chunk = {}
    _count(upload, chunk, result)
    result.removed = 0 if result.unnamed else _gone(upload, seen)
    result.problems = sorted(result.problems, key=lambda one: one.number)[:FIRST_PROBLEMS]
    return result


def _replace(source: Source, blob: Blob, options: dict[str, Any]) -> None:
    before = source.blob_id
    source.blob = blob
    change_source(source, options=options)
    if before and before != blob.pk:
        transaction.on_commit(lambda: remove_unused([before]), robust=True)


def _incoming(made: rows.Item, media_type: str) -> Incoming:
    text = made.text if made.text.strip() else made.title
    return Incoming(
        made.id, body=text, title=made.title, metadata=made.metadata, media_type=media_type
    )


def _problem(item: Incoming, number: int, seen: set[str]) -> rows.BadRow | None:
    if item.external_id in seen:
        return rows.BadRow(number, _("Another row before it has the same id."))
    reason = problem_with(item)
    return rows.BadRow(number, reason) if reason else None


def _count(upload: Upload, items: dict[int, Incoming], result: DryRun) -> None:
    """Compare rows, by their numbers, with the documents of the same ids, as adding them would."""
    ids = [item.external_id for item in items.values()]
    found = Document.objects.filter(collection=upload.collection_id, external_id__in=ids)
    columns = ("external_id", "content_hash", "title", "metadata")
    known = {row[0]: row for row in found.values_list(*columns)}
    taken = _taken(upload, ids)
    for number, item in items.items():
        row = known.get(item.external_id)
        other = taken.get(item.external_id)
        if other and row and item.content_hash == row[1]:
            result.unchanged += 1
        elif other:
            result.leave_out(rows.BadRow(number, taken_by(other)))
        elif row is None:
            result.added += 1
        else:
            same = (
                item.content_hash == row[1]
                and item.title in ("", row[2])
                and item.metadata.items() <= row[3].items()
            )
            result.unchanged += same
            result.changed += not same


def _taken(upload: Upload, ids: list[str]) -> dict[str, str]:
    """Those that a run would skip, with the source that has them: another than of this name."""
    items = SourceItem.objects.filter(
        source__collection=upload.collection_id, external_id__in=ids
    ).values_list("external_id", "source__name")
    own = set(items.filter(_own(upload)).values_list("external_id", flat=True))
    return {key: name for key, name in items.exclude(_own(upload)) if key not in own}


def _gone(upload: Upload, seen: set[str]) -> int:
    """How many documents the import would remove: those of rows that the file has no more."""
    items = SourceItem.objects.filter(_own(upload), source__collection=upload.collection_id)
    ids = items.values_list("external_id", flat=True).iterator()
    return sum(
        upload.collection.documents.filter(external_id__in=gone).count()
        for gone in batched((key for key in ids if key not in seen), CHUNK)
    )


def _own(upload: Upload) -> Q:
    return Q(source__kind=Source.Kind.FILE, source__name=upload.name[-NAME_LENGTH:])
