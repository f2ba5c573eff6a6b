"""Questions with their answers, and how good answers are."""

from rag_app.models.asking import (
    Answer,
    ChatModel,
    ChatUse,
    Citation,
    PromptTemplate,
    Question,
)
from rag_app.models.evaluating import AnswerEvaluation, MeasuredAnswer, TestQuestion

__all__ = [
    "Answer",
    "AnswerEvaluation",
    "ChatModel",
    "ChatUse",
    "Citation",
    "MeasuredAnswer",
    "PromptTemplate",
    "Question",
    "TestQuestion",
]
