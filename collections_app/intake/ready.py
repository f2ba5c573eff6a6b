"""Documents that come with their vectors, written ready."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Model
from django.utils import timezone
from pgvector import Vector as PgVector
from psycopg.types.json import Jsonb

from collections_app import purge, quotas
from collections_app.copying import copy_rows, next_ids
from collections_app.ingest import postings
from collections_app.intake.incoming import AddResult, Problem
from collections_app.models import Collection, Document, ImportedRow, Passage, Vector
from collections_app.pipeline.embeddings_db import StoredRow
from collections_app.pipeline.terms import passage_terms

DOCUMENT = {
    "id": "int8", "collection_id": "int8", "external_id": "text", "title": "text",
    "media_type": "text", "body": "text", "blob_id": "text", "format": "text",
    "encoding": "text", "as_format": "text", "as_encoding": "text", "text": "text",
    "metadata": "jsonb", "content_hash": "text", "token_count": "int4", "revision": "int4",
    "stages": "jsonb", "state": "text", "attempts": "int2", "error": "text",
    "error_stage": "text", "error_place": "jsonb", "created": "timestamptz",
    "updated": "timestamptz", "ready_at": "timestamptz",
}  # fmt: skip
PASSAGE = {
    "id": "int8", "document_id": "int8", "collection_id": "int8", "model_id": "int8",
    "ordinal": "int4", "heading": "text", "text": "text", "start": "int4", "end": "int4",
    "token_count": "int4", "term_count": "int4", "content_hash": "text", "place": "jsonb",
}  # fmt: skip


@dataclass(frozen=True)
class Ready:
    """A row, its vector, and the document it becomes, without a collection yet."""

    row: StoredRow
    vector: np.ndarray
    document: Document
    given_back: bool = True  # an export gives its columns back as they came


def add(collection: Collection, items: Sequence[Ready]) -> AddResult:
    """Add what the quotas leave room for; documents of known ids are replaced. In the caller's
    transaction."""
    # One adder per collection at a time, as where other documents are added.
    Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)
    sizes = {one.document.external_id: _size(one) for one in items}
    refused = quotas.admit(collection, sizes)
    result = AddResult(problems=[Problem(key, reason) for key, reason in refused.items()])
    taken = [one for one in items if one.document.external_id not in refused]
    known = collection.documents.filter(external_id__in=[one.row.id for one in taken])
    ids = set(known.values_list("external_id", flat=True))
    purge.delete(known)
    write(collection, taken)
    for one in taken:
        (result.changed if one.row.id in ids else result.added).append(one.document.pk)
    return result


def _size(one: Ready) -> int:
    blob = one.document.blob
    return blob.size if blob else len((one.row.content or "").encode())


def write(collection: Collection, items: Sequence[Ready]) -> None:
    """The documents with a passage, a vector and keywords each; in the caller's transaction."""
    documents = [one.document for one in items]
    for document, pk in zip(documents, next_ids(Document, len(items)), strict=True):
        document.collection, document.pk = collection, pk
    _copy(Document, documents, DOCUMENT)
    ImportedRow.objects.bulk_create([_imported(one) for one in items if one.given_back])
    counts = [_terms(one.document, collection.language) for one in items]
    passages = [_passage(one, found) for one, found in zip(items, counts, strict=True)]
    for passage, pk in zip(passages, next_ids(Passage, len(items)), strict=True):
        passage.pk = pk
    _copy(Passage, passages, PASSAGE)
    copy_rows(
        Vector,
        "passage_id document_id collection_id model_id content_hash embedding",
        "int8 int8 int8 int8 text bytea",
        (
            (
                passage.pk,
                passage.document_id,
                collection.pk,
                collection.embedding_model_id,
                passage.content_hash,
                PgVector(one.vector).to_binary(),
            )
            for one, passage in zip(items, passages, strict=True)
        ),
    )
    postings.write(
        collection.embedding_model_id,
        (
            postings.Termed(collection.pk, passage.pk, found)
            for passage, found in zip(passages, counts, strict=True)
        ),
    )


def _copy(model: type[Model], rows: Sequence[Model], columns: Mapping[str, str]) -> None:
    """By binary COPY, which knows no defaults: `columns` are all of them, with their types."""
    copy_rows(
        model,
        " ".join(columns),
        " ".join(columns.values()),
        ([_value(row, name) for name in columns] for row in rows),
    )


def _value(row: Model, name: str) -> Any:
    value = getattr(row, name)
    if name == "created":
        return timezone.now()
    return Jsonb(value) if isinstance(value, dict) else value


def _imported(one: Ready) -> ImportedRow:
    row = one.row
    return ImportedRow(
        document=one.document,
        revision=one.document.revision,
        has_content=row.content is not None,
        content_hash=row.content_hash,
        metadata=row.metadata,
        updated=row.updated,
    )


def _terms(document: Document, language: str) -> Counter[str]:
    """Keywords of the text and the id; a document without its text is found by meaning alone."""
    return passage_terms(document.title, "", document.text, language)


def _passage(one: Ready, found: Counter[str]) -> Passage:
    # Not the hash of the text alone: what the text is given here is computed by the model,
    # and must not be taken from a file.
    digest = hashlib.sha256(b"imported\n" + one.row.embedding + one.document.text.encode())
    return Passage(
        document=one.document,
        collection=one.document.collection,
        model=one.document.collection.embedding_model,
        ordinal=0,
        text=one.document.text,
        start=0,
        end=len(one.document.text),
        token_count=one.document.token_count,
        term_count=found.total(),
        content_hash=digest.hexdigest(),
    )
