"""Many documents at once: new ones go in, known ids are edited, equal ones are left alone."""

from collections.abc import Callable, Iterable, Iterator

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from collections_app import quotas
from collections_app.copying import copy_rows, next_ids
from collections_app.ingest import requeued
from collections_app.intake import code
from collections_app.intake.incoming import (
    AddResult,
    Incoming,
    Note,
    Problem,
    fixed_set,
    problem_with,
)
from collections_app.models import Blob, Collection, Document
from collections_app.storage import Rejected

CHUNK = 1000  # documents in one transaction
CHUNK_CHARS = 20_000_000  # and about this much text, so that memory stays flat


def add_documents(
    collection: Collection, items: Iterable[Incoming], wake: Callable[[], None]
) -> AddResult:
    """Add or change documents by their ids. A bad item is a Problem and no other is lost.

    An item is unchanged when its content is the same and the title and metadata it gives
    (if any) are those that stand. `wake` is called in the transaction of each chunk, to call
    the workers once it is committed. Raises Rejected when the collection is gone.
    """
    result, seen, files = AddResult(), dict[str, str](), code.Files()
    items = code.taken_apart(collection, items, files, result)
    for chunk in _chunks(_valid(items, seen, result)):
        with transaction.atomic():
            _add(collection, chunk, result)
            wake()
    code.finish(collection, files)
    return result


def _chunks(items: Iterable[Incoming]) -> Iterator[list[Incoming]]:
    """As many items as go into one transaction."""
    chunk: list[Incoming] = []
    length = 0
    for item in items:
        chunk.append(item)
        length += len(item.body or "")
        if len(chunk) == CHUNK or length > CHUNK_CHARS:
            yield chunk
            chunk, length = [], 0
    if chunk:
        yield chunk


def _valid(
    items: Iterable[Incoming], seen: dict[str, str], result: AddResult
) -> Iterator[Incoming]:
    """Those to go in. `seen` has the ids before, with the digest where a file came."""
    for item in items:
        if message := problem_with(item):
            result.problems.append(Problem(item.external_id, message))
            continue
        file = item.blob.sha256 if item.blob else ""
        if item.external_id not in seen:
            seen[item.external_id] = file
            yield item
        elif file and seen[item.external_id] == file:
            message = _("The same file came twice; it is one document.")
            result.notes.append(Note(item.external_id, message))
        else:
            message = _("Another item in this batch has the same id; this one was left out.")
            result.problems.append(Problem(item.external_id, message))


def _add(collection: Collection, items: list[Incoming], result: AddResult) -> None:
    # One adder per collection at a time: ids cannot collide, and the collection stays.
    rows = Collection.objects.select_for_update(no_key=True, of=("self",))
    now = rows.select_related("embedding_model").filter(pk=collection.pk).first()
    if now is None:
        raise Rejected(_("The collection has been deleted."))
    if now.embedding_model.fixed:
        raise Rejected(fixed_set())
    items = _with_room(collection, _with_files_held(items, result), result)
    known = {
        document.external_id: document
        for document in collection.documents.filter(
            external_id__any=[item.external_id for item in items]
        ).defer("text", "body")
    }
    new = [item for item in items if item.external_id not in known]
    result.added += _write(collection, new)
    for item in items:
        document = known.get(item.external_id)
        if document and _change(document, item):
            result.changed.append(document.pk)
        elif document:
            _leave(document, item, result)


def _leave(document: Document, item: Incoming, result: AddResult) -> None:
    result.unchanged.append(document.pk)
    if item.blob:
        message = _("This file is here already, unchanged; it is one document.")
        result.notes.append(Note(item.external_id, message))


def _with_room(collection: Collection, items: list[Incoming], result: AddResult) -> list[Incoming]:
    """The items that the quotas of the owner and of the collection leave room for."""
    refused = quotas.admit(collection, {item.external_id: item.size for item in items})
    result.problems += [Problem(key, message) for key, message in refused.items()]
    return [item for item in items if item.external_id not in refused]


def _with_files_held(items: list[Incoming], result: AddResult) -> list[Incoming]:
    """The items whose stored files are still there; these stay until the commit."""
    wanted = {item.blob.sha256 for item in items if item.blob}
    rows = Blob.objects.filter(sha256__in=wanted).order_by("sha256")
    held = set(rows.select_for_update(no_key=True).values_list("sha256", flat=True))
    message = _("The file was removed while it was being added. Add it again.")
    for item in items:
        if item.blob and item.blob.sha256 not in held:
            result.problems.append(Problem(item.external_id, message))
    return [item for item in items if not item.blob or item.blob.sha256 in held]


# What a new document has whatever comes in: the defaults of its columns.
_EMPTY = {"format": "", "encoding": "", "as_format": "", "as_encoding": "", "text": ""}
_FRESH = {"error": "", "error_stage": "", "state": str(Document.State.QUEUED)}


def _write(collection: Collection, items: list[Incoming]) -> list[int]:
    """The ids of these as new documents, in order; by COPY, for a list may be long."""
    ids, now = next_ids(Document, len(items)), timezone.now()
    same = (*_EMPTY.values(), *_FRESH.values(), 0, 0, 1, Jsonb({}), Jsonb({}), now, now)
    copy_rows(
        Document,
        "id collection_id external_id title media_type body blob_id metadata content_hash "
        + " ".join([*_EMPTY, *_FRESH])
        + " token_count attempts revision stages error_place created updated",
        "int8 int8 text text text text text jsonb text "
        + "text " * len(_EMPTY | _FRESH)
        + "int4 int2 int4 jsonb jsonb timestamptz timestamptz",
        (
            (
                pk,
                collection.pk,
                item.external_id,
                item.title,
                item.media_type,
                None if item.blob else item.body,
                item.blob.sha256 if item.blob else None,
                Jsonb(item.metadata),
                item.content_hash,
                *same,
            )
            for pk, item in zip(ids, items, strict=True)
        ),
    )
    return ids


def _change(document: Document, item: Incoming) -> bool:
    """Edit the document to what the item says; False when it says so already."""
    same_content = document.content_hash == item.content_hash
    same_title = item.title in ("", document.title)
    same_metadata = item.metadata.items() <= document.metadata.items()
    if same_content and same_title and same_metadata:
        return False
    changes = requeued() | {"title": item.title, "metadata": item.metadata}
    if same_content:
        changes["title"] = item.title or document.title
        changes["metadata"] = document.metadata | item.metadata
    else:
        changes["body"] = None if item.blob else item.body
        changes |= {
            "blob": item.blob,
            "media_type": item.media_type,
            "content_hash": item.content_hash,
        }
    Document.objects.filter(pk=document.pk).update(**changes, updated=Now())
    return True
