"""Jobs on a collection's vectors and indexes: verify, repair, rebuild, measure the recall."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from collections_app.batches import batched
from collections_app.ingest.finish import clear
from collections_app.models import Collection, Document, Passage
from collections_app.services import reembed
from search_app import leases
from search_app.models import Upkeep
from search_app.queries import checking

logger = logging.getLogger(__name__)

QUERIES = 100  # of a measured recall
CHUNK = 1000  # passages or documents in one transaction
KEPT = 30  # jobs of a collection that are remembered
REBUILT = timedelta(days=7)  # an index that finds too little is not made anew more often by itself


class BusyError(Exception):
    """Another worker is at the indexes; it can be tried again."""


# What a job does and how long it takes, for who is about to ask for it.
TOLD = {
    Upkeep.Job.VERIFY: _(
        "Counts what is not whole: documents without passages, passages without vectors, vectors "
        "of another length. Reads all rows once and changes nothing: seconds, for hundreds of "
        "thousands of passages minutes."
    ),
    Upkeep.Job.REPAIR: _(
        "Verifies, queues what is not whole to be embedded again, and removes what nobody uses. "
        "As long as verifying; what was queued follows in the background."
    ),
    Upkeep.Job.REBUILD: _(
        "Builds the vector index anew beside the old one; searches and changes go on. Seconds to "
        "minutes, by the number of passages; a small collection has no index, and nothing to do."
    ),
    Upkeep.Job.RECALL: _(
        "Searches for 100 of its own passages by the index and exactly, and tells how many of the "
        "ten nearest the index finds. Seconds; a small collection is always searched exactly."
    ),
}


@dataclass(frozen=True)
class Standing:
    """A job: its name, what it does, and the last of its kind that was asked for."""

    job: str
    name: str
    told: str
    last: Upkeep | None

    @property
    def seconds(self) -> float | None:
        """From being asked for until it was done; None where that is not known."""
        done = self.last and self.last.state == Upkeep.State.READY and self.last.finished
        return (done - self.last.requested).total_seconds() if self.last and done else None


def standings(collection: Collection) -> list[Standing]:
    """One for each kind of job, in one query."""
    rows = Upkeep.objects.filter(collection=collection).order_by("job", "-pk").distinct("job")
    last = {row.job: row for row in rows}
    return [
        Standing(job.value, str(job.label), str(TOLD[job]), last.get(job.value))
        for job in Upkeep.Job
    ]


@dataclass(frozen=True)
class Latest:
    """What is known of a collection: of the last look at it and the last measured recall."""

    made: datetime
    looked: bool
    problems: dict[str, int]
    recall: float | None
    queries: int
    is_low: bool


def request(collection: Collection, job: str) -> Upkeep:
    """Ask for a job; one that waits already is not asked for twice."""
    waiting = Upkeep.objects.filter(
        collection=collection, job=job, state=Upkeep.State.QUEUED, claim_token=None
    )
    return waiting.first() or Upkeep.objects.create(collection=collection, job=job)


def latest(collection: Collection) -> Latest | None:
    """None where no job has been done yet."""
    done = Upkeep.objects.filter(collection=collection, state=Upkeep.State.READY)
    look = done.filter(job__in=(Upkeep.Job.VERIFY, Upkeep.Job.REPAIR)).first()
    measured = done.filter(job=Upkeep.Job.RECALL, model=collection.embedding_model_id).first()
    times = [row.finished for row in (look, measured) if row and row.finished]
    if not times:
        return None
    return Latest(
        made=max(times),
        looked=look is not None,
        problems=look.problems if look else {},
        recall=measured.recall if measured else None,
        queries=measured.queries if measured else 0,
        is_low=bool(measured and measured.is_low),
    )


def waiting() -> list[int]:
    """Numbers of jobs that a worker may take now."""
    return list(leases.waiting(Upkeep.objects.all()).values_list("pk", flat=True))


def give_up() -> int:
    """Record as failed what stopped its worker every time; how many."""
    reason = "The worker stopped during this job every time. Its log may say why."
    return leases.give_up(Upkeep.objects.all(), reason)


def run(upkeep_id: int) -> bool:
    """Do a job. False where nothing waits, or the claim was lost. Raises DatabaseError."""
    rows = Upkeep.objects.filter(pk=upkeep_id).select_related("collection__embedding_model")
    claimed = leases.claim(rows)
    if claimed is None:
        return False
    try:
        found = done(claimed.collection, claimed.job)
    except BusyError:
        leases.held(claimed).update(**leases.RELEASED, attempts=0)
        return False
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("The upkeep %d failed.", upkeep_id)
        return leases.fail(claimed, f"The job stopped ({error!r}).")
    changes = leases.RELEASED | {"state": Upkeep.State.READY, "error": ""}
    kept = leases.held(claimed).update(
        **changes, **found, model=claimed.collection.embedding_model, finished=Now()
    )
    _forget_old(claimed.collection)
    return bool(kept)


def done(collection: Collection, job: str) -> dict[str, Any]:
    """Do it here and now; the columns of `Upkeep` that hold what was found.

    Raises BusyError while another worker is at the indexes.
    """
    if job == Upkeep.Job.RECALL:
        found = list(checking.recalls(collection, QUERIES))
        recall = sum(found) / len(found) if found else None
        if recall is not None and Upkeep(recall=recall).is_low:
            logger.warning("The index of collection %d finds %.3f.", collection.pk, recall)
            _rebuild(collection)
        return {"recall": recall, "queries": len(found)}
    if job == Upkeep.Job.REBUILD:
        built = checking.rebuild(collection)
        if built is None:
            raise BusyError("Another worker is at the indexes. Try again when it is done.")
        return {"repaired": len(built)}
    repaired = _repair(collection) if job == Upkeep.Job.REPAIR else 0
    return {"problems": checking.problems(collection), "repaired": repaired}


def _rebuild(collection: Collection) -> None:
    """Ask for its index to be made anew: by much deleting and adding it finds less and less."""
    rebuilt = Upkeep.objects.filter(collection=collection, job=Upkeep.Job.REBUILD)
    if not rebuilt.filter(requested__gt=Now() - REBUILT).exists():
        request(collection, Upkeep.Job.REBUILD)


def _repair(collection: Collection) -> int:
    """Queue what is not whole, remove what nobody uses; how many rows it concerned.

    Document vectors and related lists follow by themselves: the sweep sees to them.
    """
    count = checking.drop_wrong(collection)
    for ids in batched(checking.broken_documents(collection), CHUNK):
        count += reembed(Document.objects.filter(pk__in=ids, state=Document.State.READY))
    while ids := checking.left_behind(collection, CHUNK):
        clear(Passage.objects.filter(pk__in=ids))
        count += len(ids)
    return count


def _forget_old(collection: Collection) -> None:
    rows = Upkeep.objects.filter(collection=collection)
    rows.filter(pk__in=rows.values_list("pk", flat=True)[KEPT : 2 * KEPT]).delete()
