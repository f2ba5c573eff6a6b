"""The REST API of questions and answers."""

from rag_app.api.completions import Completions
from rag_app.api.questions import QuestionViewSet

__all__ = ["Completions", "QuestionViewSet"]
