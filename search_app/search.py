"""Search by meaning and by words together, and plain similarity."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.intake.incoming import problem_with_metadata
from collections_app.models import Collection, Document, EmbeddingModel, Passage, Viewer
from collections_app.services import Rejected
from search_app.analysis.snippet import Snippet, snippet
from search_app.analysis.weights import Weights
from search_app.queries import documents
from search_app.queries.vectors import nearest_documents
from search_app.ranking import Scored, rank

UNREADABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")  # no model and no table takes these


@dataclass(frozen=True)
class PassageHit:
    """A passage that was found. `score` ranks; it is made of the cosine with the query
    (None where the passage has no vector) and of BM25 over the `terms` it shares."""

    passage: Passage
    document: Document
    score: float
    vector_score: float | None
    keyword_score: float
    terms: tuple[str, ...]  # rarest first


@dataclass(frozen=True)
class Hit(PassageHit):
    """A document that was found, with its best passage; matched pieces of it are True."""

    snippet: Snippet


@dataclass(frozen=True)
class Results:
    """One page of hits, and how many documents were found in all."""

    hits: list[Hit]
    total: int


@dataclass(frozen=True)
class Similar:
    """A document, its passage nearest to what was asked, and the cosine of the two."""

    document: Document
    passage: Passage
    score: float


def checked(text: str) -> str:
    """The text as it can be searched for. Raises Rejected: empty, too long."""
    text = UNREADABLE.sub(" ", text).strip()
    if not text:
        raise Rejected(_("There is nothing to search for. Enter some words."))
    if len(text) > settings.MAX_QUERY_CHARS:
        raise Rejected(
            _("This is too long to search for: %(length)d characters, the most is %(most)d.")
            % {"length": len(text), "most": settings.MAX_QUERY_CHARS}
        )
    return text


def search(
    user: Viewer,
    text: str,
    *,
    collection: Collection | None = None,
    limit: int = 20,
    offset: int = 0,
    weights: Weights | None = None,
    model: EmbeddingModel | None = None,
) -> Results:
    """Documents by their best passage, best first, from what the user may see.

    `weights` take the place of those in force, `model` that of the collections' own (to look
    at the one that stands beside it while a collection changes its model).

    `total` counts the documents among the candidates: at most 400 passages for each model
    and language. Raises Rejected for a bad text and ModelMissing.
    """
    best: dict[int, Scored] = {}
    for scored in rank(_under(model, _visible(user, collection)), checked(text), weights):
        best.setdefault(scored.document_id, scored)
    page = list(best.values())[offset : offset + limit]
    hits = [Hit(**vars(hit), snippet=_snippet(hit, scored)) for scored, hit in _loaded(page)]
    return Results(hits, len(best))


def passages(
    user: Viewer, text: str, *, collection: Collection | None = None, limit: int = 20
) -> list[PassageHit]:
    """Passages best first, several of one document where they are that good."""
    found = rank(_visible(user, collection), checked(text))
    return [hit for _scored, hit in _loaded(found[:limit])]


def similar(
    user: Viewer,
    collection: Collection,
    *,
    text: str | None = None,
    document: Document | None = None,
    prefix: str = "",
    metadata: Mapping[str, Any] | None = None,
    limit: int = 10,
) -> list[Similar]:
    """Documents by cosine alone: of their best passage with the text, or with the mean of
    the document's own passages; that document is left out.

    `prefix` is what their ids begin with, `metadata` what theirs holds. Raises Rejected for a
    bad text, for metadata that no document can have, or for a document without a vector.
    """
    home = _visible(user, collection)
    if not home or "\x00" in prefix or (document and document.collection_id != collection.pk):
        return []
    if message := problem_with_metadata(dict(metadata or {})):
        raise Rejected(message)
    model = home[0].embedding_model
    rows = nearest_documents(
        home[0].pk,
        model,
        _vector(document) if document else vectors.embed_query(model, checked(text or "")),
        limit,
        prefix=prefix,
        excluded=document.pk if document else 0,
        metadata=metadata,
    )
    found = _passages(passage for _document, passage, _cosine in rows)
    return [
        Similar(found[passage].document, found[passage], cosine)
        for _document, passage, cosine in rows
        if passage in found
    ]


def _vector(document: Document) -> np.ndarray:
    vector = documents.vector_of(document)
    if vector is None:
        raise Rejected(_("This document has not been embedded yet. Try again in a moment."))
    return vector


def _visible(user: Viewer, collection: Collection | None) -> list[Collection]:
    rows = Collection.objects.visible_to(user).select_related("embedding_model").order_by("pk")
    return list(rows if collection is None else rows.filter(pk=collection.pk))


def _under(model: EmbeddingModel | None, collections: list[Collection]) -> list[Collection]:
    """These collections, not to be saved, as if they had this model."""
    for collection in collections if model else ():
        collection.embedding_model = model  # type: ignore[assignment]
    return collections


def _loaded(found: Sequence[Scored]) -> list[tuple[Scored, PassageHit]]:
    """With their rows; what was deleted in this moment drops out."""
    rows = _passages(one.passage_id for one in found)
    return [
        (
            one,
            PassageHit(
                passage=row,
                document=row.document,
                score=one.score,
                vector_score=one.cosine,
                keyword_score=one.keywords,
                terms=tuple(one.terms),
            ),
        )
        for one in found
        if (row := rows.get(one.passage_id))
    ]


def _passages(ids: Iterable[int]) -> dict[int, Passage]:
    """Passages with their documents, whose long texts are left in the table."""
    rows = Passage.objects.select_related("document__collection", "document__blob").defer(
        "document__text", "document__body"
    )
    return rows.in_bulk(list(ids))


def _snippet(hit: PassageHit, scored: Scored) -> Snippet:
    document = hit.document
    return snippet(
        hit.passage.text, scored.terms, document.collection.language, document.media_type
    )
