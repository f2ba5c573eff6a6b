"""Content and its vectors: collections, documents, passages, models, sources, tokens."""

from collections_app.models.access import ApiToken
from collections_app.models.content import (
    Blob,
    Collection,
    CollectionManager,
    CollectionQuerySet,
    Document,
    DocumentQuerySet,
    Viewer,
    long_columns,
)
from collections_app.models.embedding import EmbeddingModel
from collections_app.models.passages import Passage, Posting, Vector
from collections_app.models.sources import (
    Run,
    RunProblem,
    RunQuerySet,
    Source,
    SourceItem,
    SourceQuerySet,
)

__all__ = [
    "ApiToken",
    "Blob",
    "Collection",
    "CollectionManager",
    "CollectionQuerySet",
    "Document",
    "DocumentQuerySet",
    "EmbeddingModel",
    "Passage",
    "Posting",
    "Run",
    "RunProblem",
    "RunQuerySet",
    "Source",
    "SourceItem",
    "SourceQuerySet",
    "Vector",
    "Viewer",
    "long_columns",
]
