"""Pages: what was asked, from what the user may see, into a template."""

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
    "pairs",
    "related_json",
    "related_widget",
    "search",
]
