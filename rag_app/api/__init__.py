"""The REST API of questions and answers, and how other tools ask."""

from rag_app.api.chat_models import ChatModelViewSet
from rag_app.api.cluster_names import cluster_names, cluster_part_names
from rag_app.api.completions import Completions
from rag_app.api.mcp import Mcp
from rag_app.api.quality import (
    AnswerEvaluationViewSet,
    CollectionAnswerEvaluations,
    CollectionTestQuestions,
    TestQuestionViewSet,
    test_questions_export,
    test_questions_import,
)
from rag_app.api.questions import QuestionViewSet
from rag_app.api.templates import CollectionPrompt

__all__ = [
    "AnswerEvaluationViewSet",
    "ChatModelViewSet",
    "CollectionAnswerEvaluations",
    "CollectionPrompt",
    "CollectionTestQuestions",
    "Completions",
    "Mcp",
    "QuestionViewSet",
    "TestQuestionViewSet",
    "cluster_names",
    "cluster_part_names",
    "test_questions_export",
    "test_questions_import",
]
