"""The REST API of questions and answers."""

from rag_app.api.questions import QuestionViewSet

__all__ = ["QuestionViewSet"]
