"""The REST API of questions and answers, and how other tools ask."""

from rag_app.api.chat_models import ChatModelViewSet
from rag_app.api.completions import Completions
from rag_app.api.mcp import Mcp
from rag_app.api.questions import QuestionViewSet

__all__ = ["ChatModelViewSet", "Completions", "Mcp", "QuestionViewSet"]
