"""The REST API of collections, documents, models and tokens."""

from collections_app.api.access import TokenViewSet
from collections_app.api.collections import CollectionViewSet
from collections_app.api.documents import CollectionDocuments, DocumentViewSet
from collections_app.api.embedding import ModelList, embed

__all__ = [
    "CollectionDocuments",
    "CollectionViewSet",
    "DocumentViewSet",
    "ModelList",
    "TokenViewSet",
    "embed",
]
