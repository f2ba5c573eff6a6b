"""What answers under /v1/: addresses of OpenAI's API, which end without a slash."""

from django.urls import path

from collections_app import api as collections_api
from rag_app import api as rag_api

urlpatterns = [
    path("embeddings", collections_api.OpenAIEmbeddings.as_view(), name="openai-embeddings"),
    path("chat/completions", rag_api.Completions.as_view(), name="openai-chat"),
    path("models", collections_api.OpenAIModels.as_view(), name="openai-models"),
    path("models/<path:name>", collections_api.OpenAIModel.as_view(), name="openai-model"),
]
