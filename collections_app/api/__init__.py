"""The REST API of content, its uploads and sources, models and tokens."""

from collections_app.api.access import TokenViewSet
from collections_app.api.collections import CollectionViewSet
from collections_app.api.documents import CollectionDocuments, DocumentViewSet
from collections_app.api.embedding import ModelList, embed
from collections_app.api.uploads import CollectionUploads, UploadViewSet
from collections_app.api.usage import account_usage, collection_usage

__all__ = [
    "CollectionDocuments",
    "CollectionUploads",
    "CollectionViewSet",
    "DocumentViewSet",
    "ModelList",
    "TokenViewSet",
    "UploadViewSet",
    "account_usage",
    "collection_usage",
    "embed",
]
