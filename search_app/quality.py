"""How good search is in a collection: evaluations asked for and read, weights applied."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from collections_app.models import Collection, Viewer
from collections_app.services import Rejected
from collections_app.wake import call_on_commit
from search_app import leases, tasks
from search_app.analysis.weights import Weights
from search_app.evaluation import weighing
from search_app.evaluation.searching import changed
from search_app.evaluation.work import run
from search_app.models import Evaluation, JudgedQuery

__all__ = ["accept", "apply", "cancel", "evaluations", "judged", "request", "run"]

MOST_WAITING = 5  # evaluations of a collection
MOST_SECONDS = 1800  # of tuning
CANCELLED = gettext_noop("It was cancelled. Ask for it again at any time.")

Kind = Evaluation.Kind


def request(
    collection: Collection,
    owner: User,
    kind: str = Kind.MANUAL,
    *,
    weights: Mapping[str, Any] | None = None,
    other: Mapping[str, Any] | None = None,
    shared: bool = False,
    seed: int = 0,
    seconds: int = 300,
) -> Evaluation:
    """Ask for an evaluation; a worker does it. The same one that the owner waits for already, as
    by a double click, is not asked for twice. Raises Rejected.

    `weights`, and `other` of a comparison, are changes to those in force. Only `shared`
    queries count, or the owner's own as well.
    """
    base = weighing.in_force(collection)
    for one in (weights, other):
        changed(base, one or {})
    if not 1 <= seconds <= MOST_SECONDS:
        raise Rejected(_("The time must be 1 to %(most)d seconds.") % {"most": MOST_SECONDS})
    wanted = {
        "owner": owner,
        "kind": kind,
        "weights": dict(weights or {}),
        "other": dict(other or {}) if kind == Kind.COMPARISON else None,
        "shared": shared,
        "seed": seed,
        "seconds": seconds,
    }
    with transaction.atomic():
        Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)
        waiting = Evaluation.objects.filter(collection=collection, state=Evaluation.State.QUEUED)
        for asked in waiting.filter(owner=owner):
            if all(getattr(asked, name) == value for name, value in wanted.items()):
                return asked
        if waiting.count() >= MOST_WAITING:
            raise Rejected(
                _("Several evaluations are waiting already. Ask again once they are done.")
            )
        made = Evaluation.objects.create(collection=collection, **wanted)
        call_on_commit(tasks.run_evaluation, made.pk)
    return made


def cancel(evaluation: Evaluation) -> None:
    """A worker that is at it stops at its next word about how far it is. Raises Rejected."""
    if not leases.cancel(evaluation, CANCELLED):
        raise Rejected(_("This evaluation is done already: there is nothing to cancel."))


def evaluations(user: Viewer, collection: Collection) -> QuerySet[Evaluation]:
    """Those the user may see, the newest first; the figures of each query are left behind."""
    return Evaluation.objects.visible_to(user).filter(collection=collection).defer("queries")


def judged(user: Viewer, collection: Collection) -> QuerySet[JudgedQuery]:
    """The judged queries the user may see, the newest first, with their number of judgements."""
    rows = JudgedQuery.objects.visible_to(user).filter(collection=collection)
    return rows.with_count().order_by("-pk")


def apply(evaluation: Evaluation) -> None:
    """Rank the collection by the weights that a tuning or comparison found. Raises Rejected."""
    other = evaluation.figures.get("other")
    if evaluation.state != Evaluation.State.READY or not other:
        raise Rejected(_("This evaluation has no weights to apply."))
    if evaluation.figures["model"] != evaluation.collection.embedding_model.name:
        raise Rejected(_("The collection has another model by now. Tune its weights anew."))
    weighing.apply(evaluation.collection, Weights.from_json(other["weights"]))


def accept(evaluation: Evaluation) -> None:
    """What a nightly run that fell has found is as it should be."""
    Evaluation.objects.filter(pk=evaluation.pk, fallen=True).update(accepted=True)
