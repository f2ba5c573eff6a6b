"""The question box: ask a question, have its answer written, read it, ask it again."""

from rag_app.answer.asking import ask, retry
from rag_app.answer.reading import Reading, read
from rag_app.answer.writing import Event, stop, stream, write

__all__ = ["Event", "Reading", "ask", "read", "retry", "stop", "stream", "write"]
