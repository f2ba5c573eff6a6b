"""Whether a nightly run has fallen, and the word to the owner.

A run is compared with the best of those before it, over the queries that both have. It has
fallen where mean nDCG@10 is lower by at least 0.02 and the 95% interval of the differences
lies below 0. The owner is written to once, and reads it on the page until a later run is
well again or the fall is accepted: what is then found is what later runs are compared with.
"""

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from search_app.evaluation import report
from search_app.evaluation.intervals import Interval, difference
from search_app.evaluation.measures import NDCG, Figures
from search_app.models import Evaluation

LEAST_FALL = 0.02
LOOKED_BACK = 30  # runs
FEWEST = 5  # queries in common: fewer tell nothing


def reference(run: Evaluation) -> Evaluation | None:
    """The best of the nightly runs before this one, back to one whose fall was accepted."""
    before = Evaluation.objects.filter(
        collection=run.collection_id,
        kind=Evaluation.Kind.NIGHTLY,
        state=Evaluation.State.READY,
        pk__lt=run.pk,
    ).order_by("-pk")
    accepted = before.filter(accepted=True).first()
    if accepted is not None:
        before = before.filter(pk__gte=accepted.pk)
    return max(before[:LOOKED_BACK], key=lambda one: (one.ndcg or 0.0, one.pk), default=None)


def fall(run: Evaluation, figures: dict[int, Figures]) -> Interval | None:
    """How far below its reference the run is, where that is far enough; otherwise None."""
    known = reference(run)
    if known is None:
        return None
    then = report.of_lines(known.queries)
    both = [query for query in then if query in figures]
    if len(both) < FEWEST:
        return None
    change = difference(
        [then[query][NDCG] for query in both], [figures[query][NDCG] for query in both], run.seed
    )
    if change.mean > -LEAST_FALL or change.high is None or change.high >= 0:
        return None
    return change


def is_news(run: Evaluation) -> bool:
    """Whether the nightly run before this one had not fallen."""
    before = Evaluation.objects.filter(
        collection=run.collection_id,
        kind=Evaluation.Kind.NIGHTLY,
        state=Evaluation.State.READY,
        pk__lt=run.pk,
    )
    last = before.order_by("-pk").first()
    return last is None or not last.fallen or last.accepted


def write(run: Evaluation) -> bool:
    """An e-mail to the owner; False where there is no address to write to."""
    if not run.owner.email:
        return False
    with translation.override(settings.LANGUAGE_CODE):
        about: dict[str, Any] = {"run": run, "collection": run.collection, **run.figures}
        send_mail(
            _("Search in “%(name)s” has become worse") % {"name": run.collection.name},
            render_to_string("search_app/quality_alert.txt", about),
            None,
            [run.owner.email],
        )
    return True
