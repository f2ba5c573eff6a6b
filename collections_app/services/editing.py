"""Editing one document."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from collections_app import quotas, tasks
from collections_app.ingest import requeued
from collections_app.intake.incoming import (
    Incoming,
    fixed_set,
    problem_with_body,
    problem_with_metadata,
    problem_with_title,
)
from collections_app.models import Document
from collections_app.pipeline.extract import Unreadable, extract
from collections_app.services import reading
from collections_app.storage import Rejected, remove_unused
from collections_app.wake import call_on_commit


class ChangedMeanwhile(Rejected):
    """The document is no longer as it was when the editor opened it."""


def edit_document(
    document: Document,
    *,
    revision: int | None = None,
    title: str | None = None,
    body: str | None = None,
    metadata: dict[str, Any] | None = None,
    as_format: str | None = None,
    as_encoding: str | None = None,
    **lengths: int | None,
) -> Document:
    """Change what is given; the document stays searchable as it was until it is embedded.

    An empty title asks for the one in the text. A body takes the place of a stored file.
    `as_format` and `as_encoding` say how the content is to be read; empty: by what it is.
    Of `lengths`, `passage_tokens` and `passage_overlap` are the document's own; None: as its
    collection has it.
    Raises Rejected for bad values and for a document that has been deleted, and
    ChangedMeanwhile where `revision` is given and is not the document's.
    """
    _check(title, body, metadata)
    told = {"as_format": as_format, "as_encoding": as_encoding}
    wanted = {name: value for name, value in told.items() if value is not None} | lengths
    reading.check(document.collection, wanted, files=document.blob_id is not None)
    with transaction.atomic():
        current = Document.objects.select_for_update(of=["self"]).filter(pk=document.pk).first()
        if current is None:
            raise Rejected(_("The document has been deleted."))
        if current.collection.embedding_model.fixed:
            raise Rejected(fixed_set())
        if revision not in (None, current.revision):
            raise ChangedMeanwhile(_("The document was changed meanwhile; nothing was saved."))
        changes = reading.changed(current, wanted)
        changes |= _changes(current, title, body, metadata)
        _check_room(current, changes)
        if changes:
            Document.objects.filter(pk=current.pk).update(**requeued(), **changes)
            call_on_commit(tasks.embed_pending)
    if changes and current.blob_id and "blob" in changes:
        remove_unused([current.blob_id])
    document.refresh_from_db()
    return document


def _check(title: str | None, body: str | None, metadata: dict[str, Any] | None) -> None:
    messages = [
        problem_with_title(title) if title is not None else "",
        problem_with_body(body) if body is not None else "",
        problem_with_metadata(metadata) if metadata is not None else "",
    ]
    if found := " ".join(filter(None, messages)):
        raise Rejected(found)


def _check_room(document: Document, changes: dict[str, Any]) -> None:
    if "body" in changes:
        sizes = {document.external_id: len(changes["body"].encode())}
        if refused := quotas.admit(document.collection, sizes):
            raise Rejected(*refused.values())


def _changes(
    document: Document, title: str | None, body: str | None, metadata: dict[str, Any] | None
) -> dict[str, Any]:
    """The columns to write; empty when the document says all of this already."""
    changes: dict[str, Any] = {}
    if title is not None and title != document.title:
        changes["title"] = title
    if metadata is not None and metadata != document.metadata:
        changes["metadata"] = metadata
    if body is not None:
        body = body.replace("\r\n", "\n")  # as browsers send it
        if body != document.source_text:
            item = Incoming(document.external_id, body=body, media_type=document.media_type)
            changes |= {"body": body, "blob": None, "content_hash": item.content_hash}
            if document.blob_id:
                changes |= {"as_format": "", "as_encoding": ""}
            changes["metadata"] = _given(document, changes.get("metadata", document.metadata))
    return changes


def _given(document: Document, metadata: dict[str, Any]) -> dict[str, Any]:
    """The metadata without what the old text said of itself: the new text speaks now."""
    try:
        old = extract((document.body or "").encode(), media_type=document.media_type).metadata
    except Unreadable:
        return metadata
    return {key: value for key, value in metadata.items() if old.get(key) != value}
