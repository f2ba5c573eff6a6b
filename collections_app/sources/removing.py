"""The second half of a run: what the source has no more goes, if that is not too much at once."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from collections_app import purge
from collections_app.intake.code import of_files
from collections_app.models import Document, Run, RunProblem, SourceItem
from collections_app.sources import queue
from collections_app.sources.chunks import problem, write_problems
from collections_app.sources.listing import GoOn

CHUNK = 500
FEW = 3  # so many may go without a question
REMOVING = "remove"


def gone(run: Run) -> QuerySet[SourceItem]:
    """Items of the source that this run has not seen."""
    return run.source.items.exclude(seen_run=run.pk)


def note_missing(run: Run, missing: Sequence[tuple[str, str]]) -> None:
    """Write down which parts of the listing could not be had."""
    failed = RunProblem.Outcome.FAILED
    problems = [problem(run, external_id, failed, reason) for external_id, reason in missing]
    with transaction.atomic():
        counts = write_problems(queue.lock(run), problems)
        queue.update(run, **{name: F(name) + count for name, count in counts.items()})


@transaction.atomic
def begin(run: Run) -> bool:
    """After the listing: end the run, let it ask, or return True to go on and remove.

    It asks where it would remove more than half of what the source had before the run.
    """
    queue.lock(run)
    source = run.source
    queue.update(run, total=source.items.filter(seen_run=run.pk).count())
    count = 0 if run.cursor.get("incomplete") else gone(run).count()
    run.cursor |= {"phase": REMOVING, "gone": count}
    if not count:
        queue.update(run, **queue.ended(Run.State.DONE), cursor=run.cursor)
    elif count > FEW and count * 2 > run.cursor["known"]:
        queue.update(run, **queue.FREE, state=Run.State.ASKING, cursor=run.cursor)
    else:
        queue.update(run, cursor=run.cursor)
        return True
    return False


def remove(run: Run, go_on: GoOn) -> bool:
    """Remove what is gone and end the run; False where `go_on` stopped it before."""
    while _remove_some(run):
        if not go_on():
            return False
    return True


@transaction.atomic
def _remove_some(run: Run) -> bool:
    """The next documents; False, the run being at its end, after the last."""
    queue.lock(run)
    rows = list(gone(run).order_by("pk").values_list("pk", "external_id")[:CHUNK])
    if not rows:
        queue.update(run, **queue.ended(Run.State.DONE))
        return False
    ids = [external_id for _pk, external_id in rows]
    documents = Document.objects.filter(collection=run.source.collection_id)
    count = purge.delete(of_files(documents, ids))
    SourceItem.objects.filter(pk__in=[pk for pk, _id in rows]).delete()
    queue.update(run, removed=F("removed") + count, progressed=Now(), attempts=0)
    return True
