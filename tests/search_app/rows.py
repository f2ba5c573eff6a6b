"""Derived rows, made by hand, for tests of pages and of the API."""

from django.utils import timezone

from collections_app.models import Collection, Document
from search_app.models import Cluster, Clustering, ClusterMember, RelatedDocument
from tests.factories import CollectionFactory, DocumentFactory


def public_documents(count: int, **fields: str) -> list[Document]:
    """Ready documents of one public collection."""
    return DocumentFactory.create_batch(count, collection=CollectionFactory(public=True), **fields)


def relate(document: Document, others: list[Document]) -> None:
    """Store a related list: 0.95, 0.9, …"""
    for rank, other in enumerate(others, start=1):
        RelatedDocument.objects.create(
            document=document, other=other, rank=rank, score=1 - rank / 20
        )


def cluster(collection: Collection, documents: list[Document], name: str = "boats") -> Cluster:
    """One ready cluster of these documents, the first of them nearest to its middle."""
    clustering, _made = Clustering.objects.update_or_create(
        collection=collection,
        parent=None,
        defaults={"state": Clustering.State.READY, "silhouette": 0.25, "built": timezone.now()},
    )
    made = Cluster.objects.create(
        clustering=clustering,
        collection=collection,
        ordinal=clustering.clusters.count(),
        name=name,
        automatic=name,
        terms=["harbour", "sail"],
        size=len(documents),
        centroid=[1.0] + [0.0] * 255,
    )
    for place, document in enumerate(documents, start=1):
        ClusterMember.objects.create(cluster=made, document=document, score=1 - place / 100)
    return made
