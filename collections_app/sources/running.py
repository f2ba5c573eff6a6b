"""A run from its claim to its end: list, fetch what changed, add in chunks, remove the rest.

Each chunk is one transaction: documents, what is known of the items, counters and cursor. A
run that is taken up again passes over the items that it has seen.
"""

import logging
import time
from contextlib import closing

from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from collections_app.models import Run
from collections_app.sources import kinds, queue, removing
from collections_app.sources.addresses import Refused
from collections_app.sources.chunks import Chunk, Wake
from collections_app.sources.fetch import FetchError, Later
from collections_app.sources.items import Context, Unlisted
from collections_app.sources.listing import GoOn, Listing
from collections_app.sources.removing import REMOVING
from collections_app.sources.secrets import unseal
from collections_app.storage import Rejected

logger = logging.getLogger(__name__)


def work(seconds: float, wake: Wake) -> bool:
    """Work on runs for about this long; True when there is more that can be done now."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run = queue.claim()
        if run is None:
            return False
        execute(run, wake, lambda: time.monotonic() < end)
    return queue.waiting().exists()


def execute(run: Run, wake: Wake, go_on: GoOn = lambda: True) -> None:
    """See a claimed run through, or as far as `go_on`, asked after each chunk, lets it.

    Whatever goes wrong is noted in the run. Raises DatabaseError when the database goes away;
    the lease runs out then.
    """
    with translation.override("en"):  # reasons are kept in English, and read in any language
        _execute(run, wake, go_on)


def _execute(run: Run, wake: Wake, go_on: GoOn) -> None:
    try:
        with queue.lease(run):
            _pass(run, wake, go_on)
    except queue.Lost:
        logger.info("Run %d was paused, cancelled, or taken by another worker.", run.pk)
    except Later as error:
        queue.postpone(run, str(error), error.seconds)
    except (Unlisted, FetchError) as error:
        _give_back(run, str(error), error.again)
    except (Refused, Rejected) as error:
        _give_back(run, str(error), again=False)
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("Run %d failed.", run.pk)
        kind = type(error).__name__
        _give_back(run, _("Something went wrong (%s); the log of the worker has more.") % kind)


def _give_back(run: Run, reason: str, again: bool = True) -> None:
    if again:
        queue.postpone(run, reason)
    else:
        queue.update(run, **queue.ended(Run.State.FAILED, reason))


def _pass(run: Run, wake: Wake, go_on: GoOn) -> None:
    """List, where that is not done yet, then remove, where there is something to remove."""
    if run.cursor.get("phase") != REMOVING:
        if not _list(run, wake, go_on):
            queue.release(run)
            return
        if not removing.begin(run):
            return
    if not removing.remove(run, go_on):
        queue.release(run)


def _list(run: Run, wake: Wake, go_on: GoOn) -> bool:
    """Add what the source has; whether it was listed to its end. Raises what kinds raise."""
    module, at_work = kinds.of(run.source.kind), context(run)
    run.cursor.setdefault("known", run.source.items.count())
    listing = Listing(run, Chunk(run, wake))
    with at_work.resources, closing(module.items(at_work)) as items:
        if not listing.see(items, go_on):
            return False
    removing.note_missing(run, at_work.missing)
    if at_work.missing or not module.COMPLETE:
        run.cursor["incomplete"] = True
    return True


def context(run: Run) -> Context:
    """The run's source at work. Raises Rejected for options or secrets that are no more good."""
    source = run.source
    options = kinds.cleaned(source.kind, source.options, source.blob)
    secrets = unseal(source.secrets)
    return Context(source, options, secrets, source.blob, run.cursor.get("at"))
