"""What is derived from vectors, and how good the searches over them are."""

from search_app.models.derived import (
    Cluster,
    Clustering,
    ClusterMember,
    DocumentVector,
    RelatedDocument,
)
from search_app.models.evaluating import Evaluation, RankingWeights
from search_app.models.following import Interest, InterestMatch
from search_app.models.judging import BEST_GRADE, FeedbackChoice, JudgedQuery, Judgement
from search_app.models.mapping import CollectionMap, MapPoint
from search_app.models.scores import AssignedLabel, Axis, LabelSet
from search_app.models.searching import DocumentNumber, PastSearch
from search_app.models.sql import SavedQuery, SqlRun
from search_app.models.upkeep import LEAST_RECALL, Upkeep
from search_app.models.wishes import Wish

__all__ = [
    "BEST_GRADE",
    "LEAST_RECALL",
    "AssignedLabel",
    "Axis",
    "Cluster",
    "ClusterMember",
    "Clustering",
    "CollectionMap",
    "DocumentNumber",
    "DocumentVector",
    "Evaluation",
    "FeedbackChoice",
    "Interest",
    "InterestMatch",
    "JudgedQuery",
    "Judgement",
    "LabelSet",
    "MapPoint",
    "PastSearch",
    "RankingWeights",
    "RelatedDocument",
    "SavedQuery",
    "SqlRun",
    "Upkeep",
    "Wish",
]
