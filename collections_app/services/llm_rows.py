"""Documents that come with their vectors, written ready."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from collections_app.models import Collection, Document, ImportedRow, Passage, Posting, Vector
from collections_app.pipeline.embeddings_db import StoredRow
from collections_app.pipeline.terms import terms

AT_ONCE = 5000  # postings in one statement
MOST_FREQUENT = 32_767  # smallint


@dataclass(frozen=True)
class Ready:
    """A row, its vector, and the document it becomes, without a collection yet."""

    row: StoredRow
    vector: np.ndarray
    document: Document


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
    Vector.objects.bulk_create(
        Vector(
            passage=passage,
            collection=collection,
            model_id=collection.embedding_model_id,
            content_hash=passage.content_hash,
            embedding=one.vector,
        )
        for one, passage in zip(items, passages, strict=True)
    )
    Posting.objects.bulk_create(
        (
            Posting(
                collection=collection,
                passage=passage,
                term=term,
                frequency=min(count, MOST_FREQUENT),
            )
            for passage, found in zip(passages, counts, strict=True)
            for term, count in found.items()
        ),
        batch_size=AT_ONCE,
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
    return Counter(terms(f"{document.title}\n{document.text}", language) if document.text else [])


def _passage(one: Ready, found: Counter[str]) -> Passage:
    # Not the hash of the text alone: what the text is given here is computed by the model,
    # and must not be taken from a file.
    digest = hashlib.sha256(b"imported\n" + one.row.embedding + one.document.text.encode())
    return Passage(
        document=one.document,
        collection=one.document.collection,
        ordinal=0,
        text=one.document.text,
        start=0,
        end=len(one.document.text),
        token_count=one.document.token_count,
        term_count=found.total(),
        content_hash=digest.hexdigest(),
    )
