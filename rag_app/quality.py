"""How good answers are in a collection: runs over its test questions, asked for and read."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from collections_app.models import Collection, Viewer
from collections_app.services import Rejected
from collections_app.wake import call_on_commit
from rag_app import tasks
from rag_app.answer import chats
from rag_app.evaluation.work import run
from rag_app.models import AnswerEvaluation, MeasuredAnswer, TestQuestion
from search_app import leases

__all__ = ["cancel", "evaluations", "forget", "questions", "request", "run"]

MOST_WAITING = 5  # runs of a collection
KEPT = 100  # likewise
CANCELLED = gettext_noop("It was cancelled. Ask for it again at any time.")


@transaction.atomic
def request(collection: Collection, owner: User, chat: str = "") -> AnswerEvaluation:
    """Ask for a run; a worker does it. `chat`: a chat model, or `chats.QUOTES`; else the default.
    The same one that the owner waits for already, as by a double click, is not asked for twice.
    Raises Rejected."""
    found = chats.chosen(chat)
    if found:
        chats.check_limit(found)
    name = found.name if found else chats.QUOTES
    Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)
    rows = AnswerEvaluation.objects.filter(collection=collection)
    waiting = rows.filter(state=AnswerEvaluation.State.QUEUED)
    if asked := waiting.filter(owner=owner, chat=name).first():
        return asked
    if not TestQuestion.objects.filter(collection=collection).exists():
        raise Rejected(_("The collection has no test questions yet. Add some first."))
    if waiting.count() >= MOST_WAITING:
        raise Rejected(_("Several evaluations are waiting already. Ask again once they are done."))
    if oldest := rows.order_by("-pk").values_list("pk", flat=True)[KEPT - 1 : KEPT].first():
        rows.filter(pk__lte=oldest).exclude(state=AnswerEvaluation.State.QUEUED).delete()
    made = AnswerEvaluation.objects.create(collection=collection, owner=owner, chat=name)
    call_on_commit(tasks.run_answer_evaluation, made.pk)
    return made


def cancel(evaluation: AnswerEvaluation) -> None:
    """A worker that is at it stops after the question that it asks. Raises Rejected."""
    if not leases.cancel(evaluation, CANCELLED):
        raise Rejected(_("This evaluation is done already: there is nothing to cancel."))


def evaluations(user: Viewer, collection: Collection) -> QuerySet[AnswerEvaluation]:
    """Those the user may see, the newest first."""
    return AnswerEvaluation.objects.visible_to(user).filter(collection=collection)


def questions(user: Viewer, collection: Collection) -> QuerySet[TestQuestion]:
    """The test questions the user may see, the newest first."""
    return TestQuestion.objects.visible_to(user).filter(collection=collection)


def forget(document_ids: Iterable[int]) -> None:
    """Drop the words of answers that were drawn from documents that are being deleted."""
    rows = MeasuredAnswer.objects.filter(sources__overlap=list(document_ids))
    rows.update(answer="", sources=[])
