"""Evaluations that were asked for, done by a worker: claimed, measured, recorded."""

import logging
import time
from dataclasses import dataclass, field
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from collections_app.encoders import ModelMissing
from collections_app.models import Collection
from collections_app.services import Rejected
from search_app import leases
from search_app.analysis.weights import Weights
from search_app.evaluation import alerts, report, tuning, weighing
from search_app.evaluation.cases import Case, Cases, cases, halves, rows
from search_app.evaluation.measures import NDCG, Figures
from search_app.evaluation.searching import Seeker, changed, reranks
from search_app.models import Evaluation

logger = logging.getLogger(__name__)

FEWEST_TO_TUNE = 10  # queries, of which half are held out
TUNING_DEPTH = 10  # nDCG@10 needs no more
REPORT_SECONDS = 1.0  # between two words about the progress
NOTHING_JUDGED = gettext_noop(
    "There is no judged query with a right document that the collection has. Judge some first."
)


class Lost(Exception):  # noqa: N818 - no error: another has it, or it was taken back
    """The claim is gone."""


@dataclass
class _Task:
    """A claimed evaluation on its way."""

    row: Evaluation
    seeker: Seeker
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    told: float = 0.0

    def tick(self) -> None:
        """One search more. Tells how far it is and keeps the lease. Raises Lost."""
        self.done += 1
        if time.monotonic() - self.told < REPORT_SECONDS:
            return
        self.told = time.monotonic()
        kept = leases.held(self.row).update(done=self.done, lease_until=Now() + leases.LEASE)
        if not kept:
            raise Lost

    def expect(self, searches: int) -> None:
        leases.held(self.row).update(total=searches, done=0)

    def figures(self, found: list[Case], weights: Weights, **options: Any) -> dict[int, Figures]:
        return self.seeker.figures(found, weights, tick=self.tick, **options)

    def time_is_up(self) -> bool:
        return time.monotonic() - self.began > self.row.seconds


def run(evaluation_id: int) -> bool:
    """Do what was asked for. False where nothing waits, or the claim was lost meanwhile.

    What fails is recorded with its reason. Raises DatabaseError; the sweep then calls again
    once the lease has run out.
    """
    waiting = Evaluation.objects.filter(pk=evaluation_id)
    claimed = leases.claim(waiting.select_related("collection__embedding_model", "owner"))
    if claimed is None:
        return False
    try:
        return _finish(claimed, _done(claimed))
    except DatabaseError:
        raise
    except Lost:
        return False
    except (Rejected, ModelMissing) as error:
        return leases.fail(claimed, str(error))
    except Exception as error:
        logger.exception("Evaluation %d failed.", evaluation_id)
        return leases.fail(claimed, f"The evaluation stopped ({error!r}).")


def waiting() -> list[int]:
    """Numbers of evaluations that a worker may take now."""
    return list(leases.waiting(Evaluation.objects.all()).values_list("pk", flat=True))


def give_up() -> int:
    """Record as failed what stopped its worker every time; how many."""
    reason = (
        f"The worker stopped {settings.MAX_ATTEMPTS} times during the evaluation. "
        "Its log may say why."
    )
    return leases.give_up(Evaluation.objects.all(), reason)


def _done(row: Evaluation) -> dict[str, Any]:
    """The columns that hold its results."""
    if not Collection.objects.editable_by(row.owner).filter(pk=row.collection_id).exists():
        raise Rejected(_("Whoever asked for this may no longer edit the collection."))
    found = cases(rows(row.collection, row.owner, shared_only=row.shared), row.seed)
    if not found.cases:
        raise Rejected(_(NOTHING_JUDGED))
    task = _Task(row, Seeker(row.owner, row.collection))
    kinds = {Evaluation.Kind.COMPARISON: _compared, Evaluation.Kind.TUNING: _tuned}
    results = kinds.get(Evaluation.Kind(row.kind), _measured)(task, found)
    results["figures"] |= report.counts(found) | {
        "model": row.collection.embedding_model.name,
        "seconds": round(time.monotonic() - task.began, 1),
    }
    return results


def _measured(task: _Task, found: Cases) -> dict[str, Any]:
    weights = changed(weighing.in_force(task.row.collection), task.row.weights)
    task.expect(len(found.cases))
    figures = task.figures(found.cases, weights, rerank=reranks(task.row.weights))
    results = _results(task, figures, weights)
    if task.row.kind == Evaluation.Kind.NIGHTLY:
        change = alerts.fall(task.row, figures)
        results["fallen"] = change is not None
        if change is not None:
            results["figures"]["fall"] = vars(change)
    return results


def _compared(task: _Task, found: Cases) -> dict[str, Any]:
    base = weighing.in_force(task.row.collection)
    first, second = changed(base, task.row.weights), changed(base, task.row.other or {})
    task.expect(2 * len(found.cases))
    before = task.figures(found.cases, first, rerank=reranks(task.row.weights))
    after = task.figures(found.cases, second, rerank=reranks(task.row.other or {}))
    results = _results(task, before, first)
    results["figures"] |= _against(task, before, after, second)
    results["queries"] = report.lines(before, after)
    return results


def _tuned(task: _Task, found: Cases) -> dict[str, Any]:
    """Weights tuned on one half, and what they gain on each."""
    if len(found.cases) < FEWEST_TO_TUNE:
        raise Rejected(
            _("Tuning needs %(fewest)d judged queries or more; there are %(count)d.")
            % {"fewest": FEWEST_TO_TUNE, "count": len(found.cases)}
        )
    start = changed(weighing.in_force(task.row.collection), task.row.weights)
    learnt, held = halves(found.cases, task.row.seed)
    task.expect(tuning.MOST_TRIED * len(learnt))

    def value(weights: Weights) -> float:
        figures = task.figures(learnt, weights, limit=TUNING_DEPTH, rerank=False)
        return sum(one[NDCG] for one in figures.values()) / len(figures)

    tuned = tuning.tune(start, value, task.time_is_up, task.row.seed)
    of = {"tuned": learnt, "held": held}
    before = {half: task.figures(some, start) for half, some in of.items()}
    after = {half: task.figures(some, tuned.weights) for half, some in of.items()}
    results = _results(task, before["held"], start)
    results["figures"] |= _against(task, before["held"], after["held"], tuned.weights) | {
        "tried": tuned.tried,
        "halves": {half: len(some) for half, some in of.items()},
        "tuned_half": report.gains(before["tuned"], after["tuned"], task.row.seed),
    }
    results["queries"] = [
        line
        for half in of
        for line in report.lines(before[half], after[half], dict.fromkeys(before[half], half))
    ]
    return results


def _results(task: _Task, figures: dict[int, Figures], weights: Weights) -> dict[str, Any]:
    measured = report.means(figures, task.row.seed)
    return {
        "figures": {"measures": measured, "weights": weights.to_json()},
        "queries": report.lines(figures),
        "ndcg": measured[NDCG]["mean"],
        "done": task.done,
        "total": task.done,
    }


def _against(
    task: _Task, before: dict[int, Figures], after: dict[int, Figures], weights: Weights
) -> dict[str, Any]:
    return {
        "other": {
            "measures": report.means(after, task.row.seed),
            "weights": weights.to_json(),
        },
        "difference": report.gains(before, after, task.row.seed),
    }


def _finish(claimed: Evaluation, results: dict[str, Any]) -> bool:
    """Record the results, unless the claim was lost, and write to the owner of a new fall."""
    changes = leases.RELEASED | {"state": Evaluation.State.READY, "error": ""}
    if not leases.held(claimed).update(**changes, **results, finished=Now()):
        return False
    claimed.refresh_from_db()
    if claimed.fallen and alerts.is_news(claimed):
        try:
            alerts.write(claimed)
        except (OSError, SMTPException) as error:
            logger.warning("No mail about evaluation %d could be sent: %s", claimed.pk, error)
    return True
