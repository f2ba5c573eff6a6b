"""Whether every ready document has what the search needs."""

from django.db.models import Exists, OuterRef, QuerySet

from collections_app.models import Document, Passage, Vector


def outdated() -> QuerySet[Document]:
    """Ready documents without passages, or with one that lacks its collection model's vector."""
    current = Vector.objects.filter(
        passage=OuterRef("pk"), model=OuterRef("collection__embedding_model")
    )
    passages = Passage.objects.filter(
        document=OuterRef("pk"), model=OuterRef("collection__embedding_model")
    )
    return Document.objects.filter(
        ~Exists(passages) | Exists(passages.filter(~Exists(current))),
        state=Document.State.READY,
    )
