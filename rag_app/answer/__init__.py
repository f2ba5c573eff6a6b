"""The question box: ask a question, have its answer written, read it, ask it again."""

from rag_app.answer.asking import ask, retry
from rag_app.answer.reading import Reading, is_current, read
from rag_app.answer.writing import Event, stream

__all__ = ["Event", "Reading", "ask", "is_current", "read", "retry", "stream"]
