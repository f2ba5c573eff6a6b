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
from collections_app.intake import Incoming
from collections_app.intake.incoming import problem_with
from collections_app.models import Blob, Collection, Document, Run, Source, SourceItem, Upload
from collections_app.pipeline import containers, rows
from collections_app.services.sources import change_source, create_source, request_run
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
    failed: int = 0
    problems: list[rows.BadRow] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def leave_out(self, row: rows.BadRow) -> None:
        self.failed += 1
        self.reasons[row.reason] += 1
        if len(self.problems) < FIRST_PROBLEMS:
            self.problems.append(row)


def holds_many(path: Path, name: str) -> bool:
    """Whether the file is taken apart: an archive, a mailbox, or rows by its name."""
    with path.open("rb") as file:
        return containers.kind_of(file) is not None or rows.has_rows(name)


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
            _replace(source, held, wanted)
        return request_run(source)


def import_rows(upload: Upload, form: rows.RowFormat, plan: rows.Plan) -> Run:
    """Import a received file of rows by this plan. Raises Rejected."""
    with partial_files.path_of(upload).open("rb") as stream:
        blob = storage.store(stream, settings.MAX_UPLOAD_BYTES)
    options = {"reading": "rows", "format": form.as_options(), "plan": plan.as_options()}
    run = import_file(upload.collection, upload.name, blob, options)
    Upload.objects.filter(pk=upload.pk).update(state=Upload.State.DONE, run=run)
    partial_files.remove(upload)
    return run


def dry_run(upload: Upload, form: rows.RowFormat, plan: rows.Plan) -> DryRun:
    """Look at all rows as an import would, and write nothing. Raises Unreadable."""
    result, seen, chunk = DryRun(), set[str](), dict[int, Incoming]()
    for row in rows.read(partial_files.path_of(upload), form):
        made = plan.item(row)
        bad = made if isinstance(made, rows.BadRow) else _problem(made, row.number, seen)
        if bad:
            result.leave_out(bad)
        elif isinstance(made, rows.Item):
            seen.add(made.id)
            chunk[row.number] = _incoming(made)
        if len(chunk) == CHUNK:
            _count(upload, chunk, result)
            chunk = {}
    _count(upload, chunk, result)
    result.problems = sorted(result.problems, key=lambda one: one.number)[:FIRST_PROBLEMS]
    return result


def _replace(source: Source, blob: Blob, options: dict[str, Any]) -> None:
    before = source.blob_id
    source.blob = blob
    change_source(source, options=options)
    source.items.update(validators={})
    if before and before != blob.pk:
        transaction.on_commit(lambda: remove_unused([before]), robust=True)


def _incoming(made: rows.Item) -> Incoming:
    text = made.text if made.text.strip() else made.title
    return Incoming(made.id, body=text, title=made.title, metadata=made.metadata)


def _problem(made: rows.Item, number: int, seen: set[str]) -> rows.BadRow | None:
    if made.id in seen:
        return rows.BadRow(number, _("Another row before it has the same id."))
    reason = problem_with(_incoming(made))
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
        if item.external_id in taken:
            message = _("Another source of this collection has a document of this id.")
            result.leave_out(rows.BadRow(number, message))
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


def _taken(upload: Upload, ids: list[str]) -> set[str]:
    """Those that a run would skip: another source has them, and the one of this name has not."""
    items = SourceItem.objects.filter(
        source__collection=upload.collection_id, external_id__in=ids
    ).values_list("external_id", flat=True)
    own = Q(source__kind=Source.Kind.FILE, source__name=upload.name[-NAME_LENGTH:])
    return set(items.exclude(own)) - set(items.filter(own))
