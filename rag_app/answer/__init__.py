"""The question box: ask a question, have its answer written, read it, ask it again."""

from rag_app.answer.asking import ask, retry
from rag_app.answer.followups import standalone
from rag_app.answer.once import Busy, answered, passing
from rag_app.answer.reading import Reading, read
from rag_app.answer.writing import Event, stop, stream, write

__all__ = [
    "Busy",
    "Event",
    "Reading",
    "answered",
    "ask",
    "passing",
    "read",
    "retry",
    "standalone",
    "stop",
    "stream",
    "write",
]
