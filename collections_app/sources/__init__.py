"""Where documents come from, again and again: kinds of source, and the runs over them.

A run lists its source's items, fetches what changed, adds it in chunks, and at the end of a
whole listing removes what is there no more. `queue` holds every change of a run's state.
"""

from collections_app.sources.queue import sweep
from collections_app.sources.running import work

__all__ = ["sweep", "work"]
