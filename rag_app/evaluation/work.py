"""Runs over test questions that were asked for, done by a worker: claimed, asked, recorded.

A worker asks for a minute, then lets go, so that a slow chat model holds nobody's place: what was
measured stands in rows, and whoever claims the run next goes on after them.
"""

import logging
import time
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from collections_app.encoders import ModelMissing
from collections_app.models import Collection, Document
from collections_app.services import Rejected
from rag_app.answer import templates
from rag_app.answer.measuring import Known, Measured, measured
from rag_app.evaluation import questions, report
from rag_app.models import AnswerEvaluation, MeasuredAnswer, TestQuestion
from search_app import leases
from search_app.evaluation import weighing

logger = logging.getLogger(__name__)

SLICE_SECONDS = 60.0
MOST_FAILED = 3  # answers in a row: then the chat model is taken to be away
LAST = 20  # answers of former slices among which they are looked for
NOTHING_ASKED = gettext_noop(
    "There is no test question that can be asked: none is kept, or the collection has none of"
    " their documents. Add some first."
)


class Lost(Exception):  # noqa: N818 - no error: another has it, or it was taken back
    """The claim is gone."""


@dataclass
class _Left:
    """What a run has still to ask, and how many questions it leaves out, as the collection has
    none of their documents."""

    asked: list[tuple[TestQuestion, Known]] = field(default_factory=list)
    done: int = 0
    left_out: int = 0


def run(evaluation_id: int) -> bool:
    """Ask for a while. True where there is more to be asked: then it is to be called again.

    What fails is recorded with its reason. Raises DatabaseError; the sweep then calls again
    once the lease has run out.
    """
    wanted = AnswerEvaluation.objects.filter(pk=evaluation_id)
    claimed = leases.claim(wanted.select_related("collection__embedding_model", "owner"))
    if claimed is None:
        return False
    try:
        left = _left(claimed)
        if not _asked(claimed, left):
            return bool(leases.held(claimed).update(**leases.RELEASED, attempts=0))
        _finish(claimed, left.left_out)
    except IntegrityError:  # a document went while it was quoted: the question is asked again
        return bool(leases.held(claimed).update(**leases.RELEASED))
    except DatabaseError:
        raise
    except Lost:
        pass
    except (Rejected, ModelMissing) as error:
        leases.fail(claimed, str(error))
    except Exception as error:
        logger.exception("Evaluation of answers %d failed.", evaluation_id)
        leases.fail(claimed, f"The evaluation stopped ({error!r}).")
    return False


def waiting() -> list[int]:
    """Numbers of runs that a worker may take now."""
    return list(leases.waiting(AnswerEvaluation.objects.all()).values_list("pk", flat=True))


def give_up() -> int:
    """Record as failed what stopped its worker every time; how many."""
    reason = (
        f"The worker stopped {settings.MAX_ATTEMPTS} times during the evaluation. "
        "Its log may say why."
    )
    return leases.give_up(AnswerEvaluation.objects.all(), reason)


def _left(row: AnswerEvaluation) -> _Left:
    """Raises Rejected and Lost."""
    if not Collection.objects.editable_by(row.owner).filter(pk=row.collection_id).exists():
        raise Rejected(_("Whoever asked for this may no longer edit the collection."))
    rows = list(TestQuestion.objects.filter(collection=row.collection_id).order_by("pk"))
    there = questions.there(row.collection, (each for one in rows for each in one.documents))
    known = list(zip(rows, questions.map_known(rows, there), strict=True))
    done = set(MeasuredAnswer.objects.filter(evaluation=row).values_list("question", flat=True))
    left = _Left(
        [(one, asks) for one, asks in known if asks is not None and one.pk not in done],
        len(done),
        sum(asks is None for _one, asks in known),
    )
    if not leases.held(row).update(done=left.done, total=left.done + len(left.asked)):
        raise Lost
    return left


def _asked(row: AnswerEvaluation, left: _Left) -> bool:
    """Ask them; False where the time was up. Raises Rejected, ModelMissing and Lost."""
    began, failed = time.monotonic(), _failed_last(row)
    for question, known in left.asked:
        if time.monotonic() - began > SLICE_SECONDS:
            return False
        made = measured(row.owner, row.collection, known, row.chat)
        _keep(row, question, made)
        if made.problem or made.answered:  # a refusal asks no chat model
            failed = failed + 1 if made.problem else 0
        if failed >= MOST_FAILED:
            raise Rejected(made.problem)
    return True


def _failed_last(row: AnswerEvaluation) -> int:
    """How many of the last answers failed, one after the other: where its time was up before."""
    last = MeasuredAnswer.objects.filter(evaluation=row).order_by("-pk")[:LAST]
    told = [one for one in map(report.of_row, last) if one.problem or one.answered]
    return len(list(takewhile(lambda one: one.problem, told)))


@transaction.atomic
def _keep(row: AnswerEvaluation, question: TestQuestion, made: Measured) -> None:
    """Unless the question was deleted meanwhile; without the words of documents that were. Raises
    Lost."""
    # Whoever deletes documents locks them first: so it is before us, or sees what we keep.
    sources = Document.objects.filter(pk__in=made.sources).order_by("pk")
    there = sources.select_for_update(no_key=True).values_list("pk", flat=True)
    if set(there) != set(made.sources):
        made = replace(made, answer="", sources=())
    if not leases.held(row).update(done=F("done") + 1, lease_until=Now() + leases.LEASE):
        raise Lost
    if TestQuestion.objects.select_for_update(no_key=True).filter(pk=question.pk).first():
        MeasuredAnswer.objects.create(evaluation=row, question=question, **report.kept(made))


def _finish(row: AnswerEvaluation, left_out: int) -> None:
    """Record the figures, unless the claim was lost. Raises Rejected where there are none."""
    rows = measured_of(row)
    if not rows:
        raise Rejected(_(NOTHING_ASKED))
    problems = [one.problem for one in rows.values() if one.problem]
    if problems and not any(one.answered for one in rows.values()):
        raise Rejected(problems[0])
    figures: dict[str, Any] = report.figures(list(rows.values())) | {
        "left_out": left_out,
        "model": row.collection.embedding_model.name,
        "weights": weighing.in_force(row.collection).to_json(),
        "prompt": templates.kept(templates.template_of(row.collection)),
    }
    if before := _before(row):
        figures["change"] = _change(before, rows)
    leases.held(row).update(
        **leases.RELEASED,
        state=AnswerEvaluation.State.READY,
        error="",
        figures=figures,
        finished=Now(),
    )


def measured_of(row: AnswerEvaluation) -> dict[int, Measured]:
    """What was measured in a run, by the numbers of the questions."""
    rows = MeasuredAnswer.objects.filter(evaluation=row)
    return {one.question_id: report.of_row(one) for one in rows.order_by("question")}


def _before(row: AnswerEvaluation) -> AnswerEvaluation | None:
    rows = AnswerEvaluation.objects.filter(collection=row.collection_id, pk__lt=row.pk)
    return rows.filter(state=AnswerEvaluation.State.READY).order_by("-pk").first()


def _change(before: AnswerEvaluation, rows: dict[int, Measured]) -> dict[str, Any]:
    """Against the run before, over the questions that are since then as they were."""
    same = TestQuestion.objects.filter(pk__in=list(rows), updated__lte=before.requested)
    kept = set(same.values_list("pk", flat=True))
    former = {pk: one for pk, one in measured_of(before).items() if pk in kept}
    told = report.change(former, rows)
    return told | {"before": before.pk, "chat": before.chat}
