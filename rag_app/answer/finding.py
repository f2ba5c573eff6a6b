"""The passages that a question's answer may use, with what is needed to quote them."""

from dataclasses import dataclass

from django.conf import settings

from collections_app.models import Collection, Document, EmbeddingModel, Passage, Viewer
from search_app.search import passages

MOST = 20


@dataclass(frozen=True)
class Find:
    """A passage found; `text` is its document's whole text, `cosine` the question's with
    the passage under `model`, `language` its collection's."""

    passage: Passage
    document: Document
    text: str
    cosine: float
    model: EmbeddingModel
    language: str


def find(user: Viewer, question: str, collection: Collection | None) -> list[Find]:
    """Passages best first. One whose document was changed in this moment is left out."""
    # A longer question is answered whole, and searched for by its beginning.
    hits = passages(user, question[: settings.MAX_QUERY_CHARS], collection=collection, limit=MOST)
    texts = dict(
        Document.objects.filter(pk__in={hit.document.pk for hit in hits}).values_list("pk", "text")
    )
    collections = (
        Collection.objects.filter(pk__in={hit.document.collection_id for hit in hits})
        .select_related("embedding_model")
        .in_bulk()
    )
    finds = []
    for hit in hits:
        text = texts.get(hit.document.pk, "")
        home = collections.get(hit.document.collection_id)
        if home and text[hit.passage.start : hit.passage.end] == hit.passage.text:
            cosine = hit.vector_score or 0.0
            finds.append(
                Find(hit.passage, hit.document, text, cosine, home.embedding_model, home.language)
            )
    return finds
