"""Documents that come with their vectors, written ready."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pgvector import Vector as PgVector

from collections_app import purge, quotas
from collections_app.copying import copy_rows
from collections_app.ingest import postings
from collections_app.intake.incoming import AddResult, Problem
from collections_app.models import Collection, Document, ImportedRow, Passage, Vector
from collections_app.pipeline.embeddings_db import StoredRow
from collections_app.pipeline.terms import passage_terms


@dataclass(frozen=True)
class Ready:
    """A row, its vector, and the document it becomes, without a collection yet."""

    row: StoredRow
    vector: np.ndarray
    document: Document


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
    changed = [one.document.updated for one in items]
    for one in items:
        one.document.collection = collection
    documents = [one.document for one in items]
    Document.objects.bulk_create(documents)
    for document, updated in zip(documents, changed, strict=True):
        document.updated = updated  # creating sets it to now
    Document.objects.bulk_update(documents, ["updated"])
    ImportedRow.objects.bulk_create([_imported(one) for one in items])
    counts = [_terms(one.document, collection.language) for one in items]
    passages = [_passage(one, found) for one, found in zip(items, counts, strict=True)]
    Passage.objects.bulk_create(passages)
    copy_rows(
        Vector,
        "passage_id collection_id model_id content_hash embedding",
        "int8 int8 int8 text bytea",
        (
            (
                passage.pk,
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
