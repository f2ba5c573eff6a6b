"""Pages: what was asked, from what the user may see, into a template."""

from search_app.views.changing import (
    model_change,
    model_change_action,
    model_change_progress,
    reindex,
)
from search_app.views.clusters import cluster, clusters, clusters_state
from search_app.views.documents import document, document_state
from search_app.views.pairs import pairs
from search_app.views.searching import search
from search_app.views.widget import related_json, related_widget

__all__ = [
    "cluster",
    "clusters",
    "clusters_state",
    "document",
    "document_state",
    "model_change",
    "model_change_action",
    "model_change_progress",
    "pairs",
    "reindex",
    "related_json",
    "related_widget",
    "search",
]
