"""Questions from outside: asked, answered and forgotten, so that none stays in a list."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from collections_app.models import Collection, Viewer
from rag_app.answer.asking import ask
from rag_app.answer.reading import Reading, read
from rag_app.answer.writing import write
from rag_app.models import Answer, Question


class Busy(Exception):  # noqa: N818
    """Too many answers are being given in this process at this moment."""


@contextmanager
def passing(user: Viewer, text: str, among: Sequence[Collection] = ()) -> Iterator[Question]:
    """A question to these collections, or to all, that is deleted at the end, with its answer.
    Raises Rejected, ModelMissing."""
    question = ask(user, text, among=among)
    try:
        yield question
    finally:
        Question.objects.filter(pk=question.pk).delete()


def answered(question: Question, *, role: str = "") -> Reading:
    """The answer once it is written. Raises Busy."""
    write(question, role=role)
    question.answer.refresh_from_db()
    if question.answer.state == Answer.State.PENDING:
        raise Busy
    return read(question)
