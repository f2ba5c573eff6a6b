"""Passages, vectors, postings and the new state, all in one transaction."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from pgvector import Vector as PgVector
from psycopg.types.json import Json, Jsonb

from collections_app.copying import copy_rows, next_ids
from collections_app.ingest import postings, shadows, states
from collections_app.ingest.encode import Vectors
from collections_app.ingest.read import Part, Reading
from collections_app.models import Document, EmbeddingModel, Passage, Vector

Placed = tuple[int, Reading, int, Part]  # passage id, document, ordinal, part


@transaction.atomic
def finish(model: EmbeddingModel, readings: Sequence[Reading], found: Vectors) -> list[Reading]:
    """Commit the documents, of one claim, that still carry its token; these are returned.

    One whose collection was switched to another model meanwhile goes back to the queue.
    """
    bound_idleness()
    now = shadows.models_of(one.document.collection_id for one in readings)
    rows = Document.objects.filter(
        pk__any=[one.document.pk for one in readings],
        claim_token__in={one.document.claim_token for one in readings},
    )
    mine = set(rows.order_by("pk").select_for_update().values_list("pk", flat=True))
    kept = [
        one
        for one in readings
        if one.document.pk in mine and now.get(one.document.collection_id) == model.pk
    ]
    ids = [one.document.pk for one in kept]
    if kept:
        # Of the others the planner would look through all passages to find none.
        if before := [one.document.pk for one in kept if one.document.ready_at]:
            clear(Passage.objects.filter(document__pk__any=before))
        write(model, kept, found)
        _write_states(kept)
        shadows.queue(ids)
    if late := mine.difference(ids):
        Document.objects.filter(pk__any=late).update(**states.FRESH)
    return kept


def write(model: EmbeddingModel, readings: Sequence[Reading], found: Vectors) -> None:
    """Passages, vectors and postings under this model, where there are none of it."""
    placed = _placed(readings)
    _write_passages(placed, model)
    _write_vectors(placed, model, found)
    postings.write(model.pk, _termed(placed))


def bound_idleness() -> None:
    """PostgreSQL ends this transaction should the worker be halted in it for a whole lease."""
    with connection.cursor() as cursor:
        milliseconds = str(settings.LEASE_SECONDS * 1000)
        cursor.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [milliseconds]
        )


def clear(passages: QuerySet[Passage]) -> None:
    """These passages and what search reads of them. Citations let go of theirs (ORM cascade)."""
    if not passages.exists():
        return
    rows = Vector._base_manager.filter(passage__in=passages)
    rows._raw_delete(rows.db)
    passages.only("pk").delete()


def _placed(readings: Sequence[Reading]) -> list[Placed]:
    parts = [(one, n, part) for one in readings for n, part in enumerate(one.parts)]
    ids = next_ids(Passage, len(parts))
    return [(pk, *part) for pk, part in zip(ids, parts, strict=True)]


def _write_passages(placed: list[Placed], model: EmbeddingModel) -> None:
    copy_rows(
        Passage,
        "id document_id collection_id model_id ordinal heading text start end token_count"
        " term_count content_hash place",
        "int8 int8 int8 int8 int4 text text int4 int4 int4 int4 text jsonb",
        (
            (
                pk,
                one.document.pk,
                one.document.collection_id,
                model.pk,
                ordinal,
                part.span.heading,
                part.text,
                part.span.start,
                part.span.end,
                part.span.token_count,
                part.terms.total(),
                part.content_hash,
                Jsonb(dict(part.place)),
            )
            for pk, one, ordinal, part in placed
        ),
    )


def _write_vectors(placed: list[Placed], model: EmbeddingModel, found: Vectors) -> None:
    copy_rows(
        Vector,
        "passage_id document_id collection_id model_id content_hash embedding",
        "int8 int8 int8 int8 text bytea",
        (
            (
                pk,
                one.document.pk,
                one.document.collection_id,
                model.pk,
                part.content_hash,
                PgVector(found[part.content_hash]).to_binary(),
            )
            for pk, one, _ordinal, part in placed
        ),
    )


def _termed(placed: list[Placed]) -> Iterator[postings.Termed]:
    for pk, one, _ordinal, part in placed:
        yield postings.Termed(one.document.collection_id, pk, part.terms)


_as_they_are = partial(json.dumps, ensure_ascii=False)  # texts may be long
_READY = """
UPDATE collections_app_document AS document SET
    state = 'ready', ready_at = clock_timestamp(), updated = clock_timestamp(),
    attempts = 0, not_before = NULL, claim_token = NULL, lease_until = NULL,
    error = '', error_stage = '', error_place = '{}',
    title = made.title, text = coalesce(made.text, document.body), media_type = made.media_type,
    format = made.format, encoding = made.encoding,
    metadata = made.metadata, token_count = made.token_count,
    body = CASE WHEN made.body_kept THEN document.body END,
    stages = document.stages - 'set_aside' || made.stages || jsonb_build_object(
        'indexed', clock_timestamp(), 'ready', clock_timestamp()
    )
FROM json_to_recordset(%s) AS made(
    id bigint, title text, text text, media_type text, format text, encoding text,
    metadata jsonb, token_count int, body_kept bool, stages jsonb
)
WHERE document.id = made.id
"""


def _write_states(readings: Sequence[Reading]) -> None:
    """One statement for all; a text that is the body to the letter does not travel again."""
    rows = [
        {
            "id": one.document.pk,
            "title": one.title,
            "text": None if one.text == one.document.body else one.text,
            "media_type": one.media_type,
            "format": one.format,
            "encoding": one.encoding if one.document.blob_id else "",
            "metadata": one.metadata,
            "token_count": sum(part.span.token_count for part in one.parts),
            "body_kept": not _stands_for_body(one),
            "stages": one.reached,
        }
        for one in readings
    ]
    with connection.cursor() as cursor:
        written: Any = Json(rows, _as_they_are)
        cursor.execute(_READY, [written])


def _stands_for_body(reading: Reading) -> bool:
    """Whether the body need not be kept: `text` is the same, or is what HTML came to.

    What is read as another format by somebody's word is kept: the word may be taken back.
    """
    document = reading.document
    if document.body is None:
        return False
    converted = document.media_type != reading.media_type and not document.as_format
    return converted or document.body.strip("\n") == reading.text
