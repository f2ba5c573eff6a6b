"""From the queue to ready, a claim at a time."""

import time
from collections.abc import Callable
from itertools import groupby

from collections_app.ingest.claim import Leases, claim
from collections_app.ingest.line import Line
from collections_app.ingest.states import set_aside_exhausted, waiting
from collections_app.models import Document

BATCH = 1024  # documents in one claim, at most: see `claim.FEW`


def work(seconds: float) -> bool:
    """Work for about this long; True when there is more to do."""
    end = time.monotonic() + seconds
    run(go_on=lambda: time.monotonic() < end)
    return waiting().exists()


def run(
    limit: int = BATCH,
    collection_id: int | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Claim documents, `limit` at a time, and see each through; how many were claimed.

    Ends when nothing can be claimed, or when `go_on`, asked after each claim, says so. The
    documents of a claim may be committed after the next one was taken, all of them on return.
    Raises DatabaseError when the database goes away; the leases run out by themselves.
    """
    total = 0
    with Leases(Document) as leases, Line(leases) as line:
        while documents := leases.take(lambda: claim(limit, collection_id)):
            _feed(line, documents)
            total += len(documents)
            if not go_on():
                break
        else:
            set_aside_exhausted()
    return total


def _feed(line: Line, documents: list[Document]) -> None:
    alone = documents[0].attempts > 1
    if alone:  # should it kill this worker, it takes no other with it
        line.clear()
    by_model = sorted(documents, key=lambda one: one.collection.embedding_model_id)
    for _pk, group in groupby(by_model, key=lambda one: one.collection.embedding_model_id):
        same = list(group)
        line.feed(same[0].collection.embedding_model, same)
    if alone:
        line.clear()
