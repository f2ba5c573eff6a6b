"""The REST API of search, related documents and clusters."""

from search_app.api.changing import (
    ModelChangeView,
    UpkeepView,
    model_change_act,
    model_change_compare,
    model_change_estimate,
)
from search_app.api.clusters import (
    ClusterParts,
    ClusterViewSet,
    CollectionClusters,
    cluster_items,
    cluster_part_items,
)
from search_app.api.interests import InterestViewSet
from search_app.api.judging import (
    CollectionJudgedQueries,
    JudgedQueryViewSet,
    judged_export,
    judged_import,
)
from search_app.api.looking import compare, vector
from search_app.api.maps import CollectionMapView, MapCopyView, map_data, map_points
from search_app.api.pictures import phrases, pictures
from search_app.api.quality import (
    CollectionEvaluations,
    EvaluationViewSet,
    weights,
    weights_revert,
)
from search_app.api.relations import near_duplicates, pairs, related, related_passages
from search_app.api.scores import (
    AxisViewSet,
    CollectionAxes,
    CollectionLabelSets,
    LabelSetViewSet,
)
from search_app.api.searching import search, similar, why_not
from search_app.api.sql import SavedQueryViewSet, sql
from search_app.api.suggesting import suggest
from search_app.api.words import words

__all__ = [
    "AxisViewSet",
    "ClusterParts",
    "ClusterViewSet",
    "CollectionAxes",
    "CollectionClusters",
    "CollectionEvaluations",
    "CollectionJudgedQueries",
    "CollectionLabelSets",
    "CollectionMapView",
    "EvaluationViewSet",
    "InterestViewSet",
    "JudgedQueryViewSet",
    "LabelSetViewSet",
    "MapCopyView",
    "ModelChangeView",
    "SavedQueryViewSet",
    "UpkeepView",
    "cluster_items",
    "cluster_part_items",
    "compare",
    "judged_export",
    "judged_import",
    "map_data",
    "map_points",
    "model_change_act",
    "model_change_compare",
    "model_change_estimate",
    "near_duplicates",
    "pairs",
    "phrases",
    "pictures",
    "related",
    "related_passages",
    "search",
    "similar",
    "sql",
    "suggest",
    "vector",
    "weights",
    "weights_revert",
    "why_not",
    "words",
]
