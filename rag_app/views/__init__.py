"""Pages: the question box, and a question with its answer as it is written."""

from rag_app.views.asking import ask
from rag_app.views.questions import (
    question,
    question_delete,
    question_retry,
    question_stop,
    question_stream,
)

__all__ = [
    "ask",
    "question",
    "question_delete",
    "question_retry",
    "question_stop",
    "question_stream",
]
