"""The REST API of content, its uploads and sources, models and tokens."""

from collections_app.api.access import TokenViewSet
from collections_app.api.collections import CollectionViewSet
from collections_app.api.documents import CollectionDocuments, DocumentViewSet
from collections_app.api.embedding import ModelDetail, ModelList, embed, model_probe
from collections_app.api.embeddings_db import EmbeddingsDb
from collections_app.api.openai import Embeddings as OpenAIEmbeddings
from collections_app.api.openai_models import Model as OpenAIModel
from collections_app.api.openai_models import Models as OpenAIModels
from collections_app.api.rows import collection_rows, rows_import
from collections_app.api.sources import CollectionSources, RunViewSet, SourceViewSet
from collections_app.api.uploads import CollectionUploads, UploadViewSet
from collections_app.api.usage import account_usage, collection_usage
from collections_app.api.word_vectors import WordVectors

__all__ = [
    "CollectionDocuments",
    "CollectionSources",
    "CollectionUploads",
    "CollectionViewSet",
    "DocumentViewSet",
    "EmbeddingsDb",
    "ModelDetail",
    "ModelList",
    "OpenAIEmbeddings",
    "OpenAIModel",
    "OpenAIModels",
    "RunViewSet",
    "SourceViewSet",
    "TokenViewSet",
    "UploadViewSet",
    "WordVectors",
    "account_usage",
    "collection_rows",
    "collection_usage",
    "embed",
    "model_probe",
    "rows_import",
]
