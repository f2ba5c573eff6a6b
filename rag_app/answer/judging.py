"""Thumbs on an answer: judgements of the documents it cites, for the question."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from collections_app.models import Document, Viewer
from collections_app.services import Rejected
from rag_app.answer.reading import visible_citations
from rag_app.models import Citation, Question
from search_app.evaluation import feedback
from search_app.search import checked

GRADES = {"up": feedback.RIGHT, "down": feedback.WRONG, "none": None}


def thumb(user: User, question: Question, said: str) -> None:
    """`said`: up, the cited documents are right for the question; down, they are not; none takes
    it back. Raises Rejected."""
    if said not in GRADES:
        raise Rejected(_("Say up, down or none."))
    documents = _cited(visible_citations(question, user))
    if not documents:
        raise Rejected(_("The answer cites nothing that could be right or wrong."))
    for one in documents:
        feedback.thumb(user, one, _text(question), GRADES[said])


def thumbed(user: Viewer, question: Question, citations: Sequence[Citation]) -> str:
    """What the user said of it: up, down, or nothing. One statement."""
    documents = _cited(citations)
    grades = feedback.thumbs(user, _text(question), documents)
    given = {grades.get(one.pk) for one in documents}
    return next((said for said, grade in GRADES.items() if given == {grade} and said != "none"), "")


def _cited(citations: Sequence[Citation]) -> list[Document]:
    return list({one.document_id: one.document for one in citations if one.cited}.values())


def _text(question: Question) -> str:
    return checked(question.looked_for[: settings.MAX_QUERY_CHARS])
