"""The passages that a question's answer may use, with what is needed to quote them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from django.conf import settings

from collections_app.models import Collection, Document, EmbeddingModel, Passage, Viewer
from rag_app.language.parts import parts
from search_app.search import PassageHit, passages

MOST = 20


@dataclass(frozen=True)
class Find:
    """A passage found; `text` is its document's whole text, `cosine` that of `asked`, the
    question or a part of it, with the passage under `model`, `language` its collection's."""

    passage: Passage
    document: Document
    text: str
    cosine: float
    model: EmbeddingModel
    language: str
    asked: str


def find(
    user: Viewer, question: str, collection: Collection | None, among: Sequence[int] = ()
) -> list[Find]:
    """Passages best first; of a question that asks several things, those of each in turn. One
    whose document was changed in this moment is left out."""
    if collection:  # as it is now: a question may have been asked long ago
        rows = Collection.objects.visible_to(user).select_related("embedding_model")
        collection = rows.filter(pk=collection.pk).first()
        if collection is None:
            return []
    # A longer question is answered whole, and searched for by its beginning.
    asked = [one[: settings.MAX_QUERY_CHARS] for one in (question, *parts(question))]
    lists = [
        [(one, hit) for hit in passages(user, one, collection=collection, limit=MOST, among=among)]
        for one in asked
    ]
    return _finds(_in_turn(lists))


def _in_turn(lists: list[list[tuple[str, PassageHit]]]) -> list[tuple[str, PassageHit]]:
    """The first of each, then the second of each; a passage once, for that which it is nearest
    to."""
    best: dict[int, tuple[str, PassageHit]] = {}
    for asked, hit in (one for turn in zip_longest(*lists) for one in turn if one):
        known = best.get(hit.passage.pk)
        if known is None or (hit.vector_score or 0.0) > (known[1].vector_score or 0.0):
            best[hit.passage.pk] = (asked, hit)
    return list(best.values())[:MOST]


def _finds(found: list[tuple[str, PassageHit]]) -> list[Find]:
    hits = [hit for _asked, hit in found]
    texts = dict(
        Document.objects.filter(pk__in={hit.document.pk for hit in hits}).values_list("pk", "text")
    )
    collections = (
        Collection.objects.filter(pk__in={hit.document.collection_id for hit in hits})
        .select_related("embedding_model")
        .in_bulk()
    )
    finds = []
    for asked, hit in found:
        text = texts.get(hit.document.pk, "")
        home = collections.get(hit.document.collection_id)
        if home and text[hit.passage.start : hit.passage.end] == hit.passage.text:
            cosine = hit.vector_score or 0.0
            finds.append(
                Find(
                    hit.passage,
                    hit.document,
                    text,
                    cosine,
                    home.embedding_model,
                    home.language,
                    asked,
                )
            )
    return finds
