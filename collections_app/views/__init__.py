"""Pages: a form in, one service called, a template out."""

from collections_app.views.collections import (
    collection,
    collection_delete,
    collection_edit,
    collection_list,
    collection_new,
    collection_progress,
    collection_reembed,
    collection_retry,
)
from collections_app.views.content import content_add, text_add
from collections_app.views.documents import (
    document_delete,
    document_edit,
    document_file,
    document_reembed,
    document_retry,
)
from collections_app.views.embeddings_db import embeddings_db, embeddings_db_file
from collections_app.views.models import (
    model,
    model_action,
    model_edit,
    model_kinds,
    model_list,
    model_new,
    model_progress,
)
from collections_app.views.pictures import document_picture, document_thumbnail
from collections_app.views.queueing import (
    collection_cancel,
    collection_pause,
    collection_resume,
)
from collections_app.views.retrying import document_retry_settings, retry_settings
from collections_app.views.rows import rows_cancel, rows_import, rows_new
from collections_app.views.runs import run, run_action, run_progress
from collections_app.views.sources import (
    source,
    source_delete,
    source_edit,
    source_kinds,
    source_list,
    source_new,
    source_run,
)
from collections_app.views.tokens import token_revoke, tokens
from collections_app.views.word_vectors import word_vectors

__all__ = [
    "collection",
    "collection_cancel",
    "collection_delete",
    "collection_edit",
    "collection_list",
    "collection_new",
    "collection_pause",
    "collection_progress",
    "collection_reembed",
    "collection_resume",
    "collection_retry",
    "content_add",
    "document_delete",
    "document_edit",
    "document_file",
    "document_picture",
    "document_reembed",
    "document_retry",
    "document_retry_settings",
    "document_thumbnail",
    "embeddings_db",
    "embeddings_db_file",
    "model",
    "model_action",
    "model_edit",
    "model_kinds",
    "model_list",
    "model_new",
    "model_progress",
    "retry_settings",
    "rows_cancel",
    "rows_import",
    "rows_new",
    "run",
    "run_action",
    "run_progress",
    "source",
    "source_delete",
    "source_edit",
    "source_kinds",
    "source_list",
    "source_new",
    "source_run",
    "text_add",
    "token_revoke",
    "tokens",
    "word_vectors",
]
