"""Content and its vectors, where it comes from, and how much of it there may be."""

import collections_app.models.lookups  # noqa: F401 (registers itself)
from collections_app.models.access import ApiToken
from collections_app.models.changing import ModelChange, ModelChangeQuerySet, Shadow
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
from collections_app.models.embedding import EmbeddingModel, EmbeddingModelQuerySet, Probe
from collections_app.models.keywords import CorpusChange, PostingList
from collections_app.models.passages import Passage, Vector
from collections_app.models.quotas import Quota
from collections_app.models.reference import ImportedCollection, ImportedRow, ModelAlias
from collections_app.models.sources import (
    Run,
    RunProblem,
    RunQuerySet,
    Source,
    SourceItem,
    SourceQuerySet,
)
from collections_app.models.spending import Spending
from collections_app.models.uploads import Upload, UploadQuerySet

__all__ = [
    "ApiToken",
    "Blob",
    "Collection",
    "CollectionManager",
    "CollectionQuerySet",
    "CorpusChange",
    "Document",
    "DocumentQuerySet",
    "EmbeddingModel",
    "EmbeddingModelQuerySet",
    "ImportedCollection",
    "ImportedRow",
    "ModelAlias",
    "ModelChange",
    "ModelChangeQuerySet",
    "Passage",
    "PostingList",
    "Probe",
    "Quota",
    "Run",
    "RunProblem",
    "RunQuerySet",
    "Shadow",
    "Source",
    "SourceItem",
    "SourceQuerySet",
    "Spending",
    "Upload",
    "UploadQuerySet",
    "Vector",
    "Viewer",
    "long_columns",
]
