"""Changing the embedding model of a collection while it is searched.

start -> queue, work (passages, vectors and postings of the next model, beside those that are
searched) -> settling (ready) -> switching (and back) -> dropping. PostgreSQL is the queue of
record, as for ingest: a `Shadow` for each document.
"""

from collections_app.changes.estimating import Estimate, estimate, spent
from collections_app.changes.progress import ChangeProgress, progress
from collections_app.changes.queue import sweep, waiting
from collections_app.changes.settling import missing, settle
from collections_app.changes.starting import choices, start
from collections_app.changes.switching import NotAllThere, cancel, drop, retry, roll_back, switch
from collections_app.changes.work import run, work

__all__ = [
    "ChangeProgress",
    "Estimate",
    "NotAllThere",
    "cancel",
    "choices",
    "drop",
    "estimate",
    "missing",
    "progress",
    "retry",
    "roll_back",
    "run",
    "settle",
    "spent",
    "start",
    "sweep",
    "switch",
    "waiting",
    "work",
]
