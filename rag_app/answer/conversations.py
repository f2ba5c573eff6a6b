"""Conversations: questions that were asked one after the other, each knowing those before it."""

from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from collections_app.models import Viewer
from rag_app.answer.reading import read
from rag_app.language.chat import Message
from rag_app.models import Answer, Question

TOLD = 3  # turns that a follow-up question is made to stand alone with
Questions = QuerySet[Question]


def turns(rows: Questions, conversation: UUID) -> Questions:
    """Those of one conversation among these rows, the first one first."""
    return rows.filter(conversation=conversation).order_by("created", "pk")


def delete_conversation(rows: Questions, conversation: UUID) -> int:
    """Delete those of one conversation among these rows; how many there were."""
    gone = list(turns(rows, conversation))
    for one in gone:
        one.delete()
    return len(gone)


def share(question: Question, *, yes: bool, conversation: bool = False) -> None:
    """Whoever has its link may read it, with what was asked before it in its conversation or
    without; or nobody else may any more."""
    question.shared, question.shared_conversation = yes, yes and conversation
    question.save(update_fields=["shared", "shared_conversation"])


def latest(rows: Questions) -> Questions:
    """The last question of each conversation among these rows, with `first`, how the conversation
    began, and `turns`, how many questions it has. One statement."""
    same = rows.filter(conversation=OuterRef("conversation")).order_by("created", "pk")
    later = same.filter(created__gt=OuterRef("created"))
    count = same.order_by().values("conversation").annotate(n=Count("pk")).values("n")
    return rows.annotate(
        is_last=~Exists(later),
        first=Subquery(same.values("text")[:1]),
        turns=Subquery(count),
    ).filter(is_last=True)


def said_before(question: Question, viewer: Viewer) -> list[Message]:
    """The last turns up to this question, as messages; answers as far as they may be seen now."""
    rows = Question.objects.filter(
        conversation=question.conversation,
        user=question.user_id,
        session_key=question.session_key,
        created__lte=question.created,
    ).select_related("answer")
    messages: list[Message] = []
    for one in reversed(rows.order_by("-created")[:TOLD]):
        messages.append({"role": "user", "content": one.looked_for})
        messages.append({"role": "assistant", "content": _said(one, viewer)})
    return messages


def _said(question: Question, viewer: Viewer) -> str:
    if question.answer.kind == Answer.Kind.NONE:
        return _("No document is about this.")
    return read(question, viewer).text
