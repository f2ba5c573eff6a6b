"""The stored related list of a public document, as other sites get it: two small statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform

from collections_app.models import Collection, Document
from search_app.models import RelatedDocument

EVERYONE = AnonymousUser()


@dataclass(frozen=True)
class Listed:
    """A document of a list: its number, id, title, the address it came from, its revision and
    the cosine."""

    id: int
    external_id: str
    title: str
    address: str | None
    revision: int
    score: float


def public_document(pk: int) -> Document | None:
    """The document with its collection, if everyone may see it; its long columns come later."""
    return _rows(Document.objects.filter(pk=pk)).first()


def public_collection(pk: int) -> Collection | None:
    """If everyone may see it."""
    return Collection.objects.visible_to(EVERYONE).filter(pk=pk).first()


def public_document_at(collection: Collection, addresses: Sequence[str]) -> Document | None:
    """The document of this collection that has one of these as its id or as the `url` of its
    metadata, if everyone may see it; the one added last where there are several."""
    by_metadata = Q()
    for address in addresses:  # each by the index over metadata
        by_metadata |= Q(metadata__contains={"url": address})
    if not addresses:
        return None
    rows = Document.objects.filter(collection=collection)
    ids = (
        rows.filter(external_id__in=addresses)
        .values("pk")
        .union(rows.filter(by_metadata).values("pk"), all=True)
    )
    return _rows(Document.objects.filter(pk__in=list(ids.values_list("pk", flat=True)))).last()


def _rows(rows: QuerySet[Document]) -> QuerySet[Document]:
    return (
        rows.filter(collection__in=Collection.objects.visible_to(EVERYONE))
        .select_related("collection")
        .only("title", "external_id", "revision", "collection")
        .order_by("pk")
    )


def listed(document: Document, least: float, limit: int) -> list[Listed]:
    """Its related documents from the cosine `least` on, best first."""
    rows: Any = (
        RelatedDocument.objects.filter(document=document, score__gte=least)
        .annotate(address=KeyTextTransform("url", "other__metadata"))
        .order_by("rank")
        .values_list(
            F("other_id"),
            F("other__external_id"),
            F("other__title"),
            F("address"),
            F("other__revision"),
            F("score"),
        )[:limit]
    )
    return [Listed(*row) for row in rows]
