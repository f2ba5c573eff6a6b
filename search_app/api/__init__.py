"""The REST API of search, related documents and clusters."""

from search_app.api.clusters import ClusterViewSet, CollectionClusters
from search_app.api.relations import pairs, related
from search_app.api.searching import search, similar

__all__ = ["ClusterViewSet", "CollectionClusters", "pairs", "related", "search", "similar"]
