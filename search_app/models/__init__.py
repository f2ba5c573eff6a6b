"""What is derived from vectors, and how good the searches over them are."""

from search_app.models.derived import (
    Cluster,
    Clustering,
    ClusterMember,
    DocumentVector,
    RelatedDocument,
)
from search_app.models.evaluating import Evaluation, RankingWeights
from search_app.models.judging import BEST_GRADE, FeedbackChoice, JudgedQuery, Judgement
from search_app.models.wishes import Wish

__all__ = [
    "BEST_GRADE",
    "Cluster",
    "ClusterMember",
    "Clustering",
    "DocumentVector",
    "Evaluation",
    "FeedbackChoice",
    "JudgedQuery",
    "Judgement",
    "RankingWeights",
    "RelatedDocument",
    "Wish",
]
