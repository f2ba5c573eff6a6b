"""Pages: the question box, here and on other sites, and a question with its answer."""

from rag_app.views.asking import ask
from rag_app.views.box import box, box_json
from rag_app.views.box_preview import box_preview
from rag_app.views.questions import (
    question,
    question_delete,
    question_retry,
    question_stop,
    question_stream,
)

__all__ = [
    "ask",
    "box",
    "box_json",
    "box_preview",
    "question",
    "question_delete",
    "question_retry",
    "question_stop",
    "question_stream",
]
