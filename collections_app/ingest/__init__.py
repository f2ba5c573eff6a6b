"""The way of a document from the queue to its vectors.

claim (short transaction) -> read (extract, split, count terms) -> encode -> finish (one
transaction). PostgreSQL is the queue of record; `states` holds every change of state.
"""

from collections_app.ingest.check import outdated
from collections_app.ingest.merging import clean, merge, to_merge
from collections_app.ingest.reterming import reterm, to_reterm
from collections_app.ingest.states import FRESH, cancel, requeued
from collections_app.ingest.sweeping import sweep
from collections_app.ingest.work import run, work

__all__ = [
    "FRESH",
    "cancel",
    "clean",
    "merge",
    "outdated",
    "requeued",
    "reterm",
    "run",
    "sweep",
    "to_merge",
    "to_reterm",
    "work",
]
