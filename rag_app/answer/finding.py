"""The passages that a question's answer may use, with what is needed to quote them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection

from collections_app import vectors
from collections_app.encoders import ModelMissing
from collections_app.models import Collection, Document, EmbeddingModel, Passage, Viewer
from rag_app.answer.steering import Chosen, passages_at
from rag_app.language.parts import parts
from search_app.queries.vectors import matrix
from search_app.search import PassageHit, passages

MOST = 20
TEXTS = f"SELECT id, text, content_hash FROM {Document._meta.db_table} WHERE id = ANY(%s)"  # noqa: S608


@dataclass(frozen=True)
class Find:
    """A passage found; `text` is its document's whole text, `cosine` that of `asked`, the
    question or a part of it, with the passage under `model`, `language` its collection's. `why`
    is what its score is made of, nothing where it is only `pinned`."""

    passage: Passage
    document: Document
    text: str
    cosine: float
    model: EmbeddingModel
    language: str
    asked: str
    why: dict[str, Any] = field(default_factory=dict)
    pinned: bool = False


def find(
    user: Viewer,
    question: str,
    collection: Collection | None,
    among: Sequence[int] = (),
    *,
    filters: Sequence[str] = (),
    pinned: Sequence[Chosen] = (),
    dropped: Sequence[Chosen] = (),
) -> list[Find]:
    """Passages best first; of a question that asks several things, those of each in turn. What
    is pinned comes before all else, what is dropped does not come. One whose document was changed
    in this moment is left out. The collection is as it was read for this request. Raises Rejected
    for a filter that cannot be."""
    first = passages_at(user, pinned)
    if collection and not collection.is_visible_to(user):
        return _finds([], first, question)
    # A longer question is answered whole, and searched for by its beginning.
    asked = [one[: settings.MAX_QUERY_CHARS] for one in (question, *parts(question))]
    most = MOST + len(dropped)
    lists: list[list[tuple[str, PassageHit]]] = []
    for one in asked:
        hits = passages(user, one, collection=collection, limit=most, wanted=filters, among=among)
        stay = [hit for hit in hits if not any(drop.covers(hit.passage) for drop in dropped)]
        lists.append([(one, hit) for hit in stay[:MOST]])
    return _finds(_in_turn(lists), first, asked[0])


def _in_turn(lists: list[list[tuple[str, PassageHit]]]) -> list[tuple[str, PassageHit]]:
    """The first of each, then the second of each; a passage once, for that which it is nearest
    to."""
    best: dict[int, tuple[str, PassageHit]] = {}
    for asked, hit in (one for turn in zip_longest(*lists) for one in turn if one):
        known = best.get(hit.passage.pk)
        if known is None or (hit.vector_score or 0.0) > (known[1].vector_score or 0.0):
            best[hit.passage.pk] = (asked, hit)
    return list(best.values())[:MOST]


def _finds(
    found: list[tuple[str, PassageHit]], pinned: Sequence[Passage], question: str
) -> list[Find]:
    hits = {hit.passage.pk: (asked, hit) for asked, hit in found}
    first = {one.pk: one for one in pinned}
    wanted = list(first.values())
    wanted += [hit.passage for _asked, hit in found if hit.passage.pk not in first]
    with connection.cursor() as cursor:
        cursor.execute(TEXTS, [list({one.document_id for one in wanted})])
        known = {pk: rest for pk, *rest in cursor.fetchall()}
    cosines = _cosines([one for one in pinned if one.pk not in hits], question)
    finds = []
    for passage in wanted:
        # The hash is read along, because a hit comes without it: a query for each else.
        text, passage.document.content_hash = known.get(passage.document_id, ("", ""))
        home = passage.document.collection  # read with the passage
        if text[passage.start : passage.end] != passage.text:
            continue
        asked, hit = hits.get(passage.pk, (question, None))
        cosine = (hit.vector_score or 0.0) if hit else cosines.get(passage.pk, 0.0)
        finds.append(
            Find(
                passage,
                passage.document,
                text,
                cosine,
                home.embedding_model,
                home.language,
                asked,
                why_of(hit) if hit else {},
                passage.pk in first,
            )
        )
    return finds


def _cosines(passages: Iterable[Passage], question: str) -> dict[int, float]:
    """Of pinned passages that the question did not find, as far as their models are there."""
    by_model: dict[EmbeddingModel, list[int]] = {}
    for one in passages:
        by_model.setdefault(one.document.collection.embedding_model, []).append(one.pk)
    found: dict[int, float] = {}
    for model, ids in by_model.items():
        try:
            cosines = matrix(np.array(ids), model) @ vectors.embed_query(model, question)
        except ModelMissing:
            continue
        found |= dict(zip(ids, np.nan_to_num(cosines).tolist(), strict=True))
    return found


def why_of(hit: PassageHit) -> dict[str, Any]:
    """What the score of a passage is made of, as search tells it."""
    scored = hit.scored
    return {
        "score": hit.score,
        "vector_score": hit.vector_score,
        "vector_rank": scored.vector_rank,
        "keyword_score": hit.keyword_score,
        "keyword_rank": scored.keyword_rank,
        "coverage": scored.coverage,
        "terms": scored.terms,
        "parts": dict(hit.parts),
        "reranked": scored.reranked,
        "place_before": scored.place_before,
    }
