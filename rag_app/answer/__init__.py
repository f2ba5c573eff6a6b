"""The question box: ask a question, have its answer written, read it, ask it again."""

from rag_app.answer.asking import ask, preview, retry
from rag_app.answer.conversations import delete_conversation, latest, share, turns
from rag_app.answer.followups import standalone
from rag_app.answer.judging import thumb, thumbed
from rag_app.answer.once import Busy, answered, passing
from rag_app.answer.reading import Reading, read, read_drafted
from rag_app.answer.sending import Sent, drafted, sent
from rag_app.answer.waiting import waiting
from rag_app.answer.writing import Event, stop, stream, write

__all__ = [
    "Busy",
    "Event",
    "Reading",
    "Sent",
    "answered",
    "ask",
    "delete_conversation",
    "drafted",
    "latest",
    "passing",
    "preview",
    "read",
    "read_drafted",
    "retry",
    "sent",
    "share",
    "standalone",
    "stop",
    "stream",
    "thumb",
    "thumbed",
    "turns",
    "waiting",
    "write",
]
