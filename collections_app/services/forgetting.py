"""Keeping no text: what was embedded is found by meaning, and its words are nowhere."""

import hashlib
import json

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from collections_app.ingest import merging
from collections_app.ingest.pools import Pool
from collections_app.models import Document, ImportedRow, Passage
from collections_app.pipeline.terms import passage_terms
from collections_app.storage import remove_unused


def forget_texts(queryset: QuerySet[Document]) -> int:
    """Drop text, file, title and keywords of the embedded ones of these documents; how many.

    Ids, metadata, vectors and the hash of the content stay, so that equal content that comes
    again is known. Such a document cannot be embedded again, under another model for one.
    """
    with transaction.atomic():
        rows = queryset.filter(state=Document.State.READY).order_by("pk")
        documents = list(rows.select_for_update(of=["self"]))
        for document in documents:
            _note(document)
        ids = [document.pk for document in documents]
        passages = Passage.objects.filter(document__in=ids)
        _forget_keywords(passages)
        Document.objects.filter(pk__in=ids).update(
            text="", body=None, blob=None, title=F("external_id")
        )
        passages.update(text="", heading="", start=0, end=0, term_count=0)
    remove_unused({document.blob_id for document in documents if document.blob_id})
    return len(documents)


def _forget_keywords(passages: QuerySet[Passage]) -> None:
    """The words leave the index at once; that the passages have none is told by a trigger."""
    pools: dict[Pool, tuple[set[str], list[int]]] = {}
    for one in passages.select_related("document__collection"):
        document = one.document
        language = document.collection.language
        found = passage_terms(document.title, one.heading, one.text, language)
        words, ids = pools.setdefault(Pool(one.collection_id, one.model_id), (set(), []))
        words.update(found)
        ids.append(one.pk)
    for pool, (words, ids) in sorted(pools.items()):
        merging.take_out(pool, sorted(words), ids)


def _note(document: Document) -> None:
    """What an export says of it, in place of the text."""
    content = document.text if document.blob_id else document.source_text or ""
    ImportedRow.objects.update_or_create(
        document=document,
        defaults={
            "revision": document.revision,
            "has_content": False,
            "content_hash": hashlib.md5(content.encode(), usedforsecurity=False).digest(),
            "metadata": json.dumps(document.metadata) if document.metadata else None,
            "updated": int(timezone.now().timestamp()),
        },
    )
