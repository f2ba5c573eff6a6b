"""From the queue of changes to passages that stand beside, a claim at a time."""

import time
from collections.abc import Callable
from itertools import groupby

from collections_app.changes import dropping, settling
from collections_app.changes.ends import Beside
from collections_app.changes.queue import claim, waiting
from collections_app.ingest import states
from collections_app.ingest.claim import Leases
from collections_app.ingest.line import Line
from collections_app.models import ModelChange, Shadow

BATCH = 64  # documents in one claim: what is added meanwhile does not wait long


def work(seconds: float, limit: int = BATCH) -> bool:
    """Work for about this long, or until documents wait for their own embedding, which goes
    first; one claim at least, so that a long import holds no change up for good.

    True when there is more to do.
    """
    end = time.monotonic() + seconds
    run(limit, go_on=lambda: time.monotonic() < end and not states.waiting().exists())
    more = dropping.work(max(0.0, end - time.monotonic()))
    return more or (waiting().exists() and not states.waiting().exists())


def run(
    limit: int = BATCH,
    change_id: int | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Claim and see through until nothing can be claimed, or `go_on` says so; how many were.

    All is committed on return. Raises DatabaseError when the database goes away; the leases
    run out by themselves.
    """
    total = 0
    ends = Beside()
    with Leases(Shadow) as leases, Line(leases, ends) as line:
        while claimed := leases.take(lambda: claim(limit, change_id)):
            ends.hold(claimed)
            _feed(line, claimed)
            total += len(claimed)
            if not go_on():
                break
    open_ = ModelChange.objects.filter(state=ModelChange.State.BUILDING)
    for pk in open_.values_list("pk", flat=True):
        settling.settle(pk)
    return total


def _feed(line: Line, claimed: list[Shadow]) -> None:
    alone = claimed[0].attempts > 1
    if alone:  # should it kill this worker, it takes no other with it
        line.clear()
    for change, rows in groupby(claimed, key=lambda row: row.change):
        line.feed(change.beside, [row.document for row in rows])
    if alone:
        line.clear()
