"""The first half of a run: each item of the source is looked at once, and fetched if changed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from collections_app.intake.incoming import problem_with_id
from collections_app.models import Document, Run, RunProblem, Source, SourceItem
from collections_app.pipeline.extracted import Unreadable
from collections_app.sources import opening, queue
from collections_app.sources.addresses import Refused
from collections_app.sources.chunks import Chunk, content_hash
from collections_app.sources.fetch import FetchError, Later
from collections_app.sources.items import Failed, Item, Skipped, Unlisted, Validators
from collections_app.storage import Rejected

LOOK_AHEAD = 200  # items whose state is read at once
HELD_BYTES = 20_000_000  # that these may hold in memory
MOST_FAILURES = 10  # in a row that may pass later: then the server is left alone for a while

GoOn = Callable[[], bool]
SKIPPED, FAILED = RunProblem.Outcome.SKIPPED, RunProblem.Outcome.FAILED


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Some at a time; those before an error come before the error."""
    batch: list[Item] = []
    weight = 0
    try:
        for item in items:
            batch.append(item)
            weight += item.weight
            if len(batch) == LOOK_AHEAD or weight > HELD_BYTES:
                yield batch
                batch, weight = [], 0
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


@dataclass
class _Known:
    """What stands of the items of a batch before they are looked at."""

    items: dict[str, SourceItem]
    documents: dict[str, str]  # ids whose documents are there, with the hashes of their content
    taken: dict[str, str]  # ids that another source of the collection has, with its name
    within: dict[str, list[str]]  # ids of what was taken out of an item before

    def stood(self, key: str) -> Validators:
        """Those of the last run, where each document that came of the item is there still."""
        before = self.items.get(key)
        made = self.within.get(key, [key])
        return before.validators if before and all(one in self.documents for one in made) else {}


def _known(source: Source, batch: list[Item]) -> _Known:
    """In four queries."""
    ids = [item.external_id for item in batch]
    within: dict[str, list[str]] = {}
    for key, one in (
        source.items.filter(within__in=ids).exclude(within="").values_list("within", "external_id")
    ):
        within.setdefault(key, []).append(one)
    made = {*ids, *(one for found in within.values() for one in found)}
    documents = Document.objects.filter(collection=source.collection_id, external_id__in=made)
    others = SourceItem.objects.filter(
        source__collection=source.collection_id, external_id__in=ids
    ).exclude(source=source)
    return _Known(
        {one.external_id: one for one in source.items.filter(external_id__in=ids)},
        dict(documents.values_list("external_id", "content_hash")),
        dict(others.values_list("external_id", "source__name")),
        within,
    )


def taken_by(source: str) -> str:
    """Why an item is skipped whose id another source of the collection has."""
    return _(
        "The source “%(name)s” of this collection has a document of this id. "
        "To have both, put something before the ids here."
    ) % {"name": source}


class Listing:
    """Looks at items one by one and tells the chunk what became of each.

    After a worker died at this run, each item is noted before it is fetched and committed
    after: one that kills its worker is found and left out.
    """

    def __init__(self, run: Run, chunk: Chunk) -> None:
        self._run = run
        self._chunk = chunk
        self._suspect = run.cursor.get("suspect")
        self._careful = run.attempts > 1
        self._met: set[str] = set()
        self._failures = 0
        if self._careful:
            chunk.items = 1

    def see(self, items: Iterable[Item], go_on: GoOn) -> bool:
        """All items; whether `go_on` let it come to the end. What was found is committed,
        also where it raises Later, Unlisted or what the kinds raise."""
        try:
            for batch in batches(items):
                known = _known(self._run.source, batch)
                for item in batch:
                    self._see(item, known)
                    if self._chunk.is_full():
                        self._chunk.commit(item.cursor)
                        if not go_on():
                            return False
        except (Later, Unlisted, FetchError, Refused):
            self._chunk.commit()
            raise
        self._chunk.commit()
        return True

    def _see(self, item: Item, known: _Known) -> None:
        key = item.external_id
        before = known.items.get(key)
        if reason := _reason_without_id(item):
            self._run.cursor["incomplete"] = True
            self._chunk.problem(key, FAILED, reason, seen=False)
        elif key in self._met or (item.given_once and self._was_seen(before)):
            self._chunk.problem(key, SKIPPED, _("Another item has the same id."), seen=False)
        elif self._was_seen(before):
            pass  # before this run was interrupted
        elif key in known.taken and before is None:
            self._see_taken(item, known)
        else:
            self._see_content(item, known)
        self._met.add(key)

    def _was_seen(self, before: SourceItem | None) -> bool:
        return before is not None and before.seen_run == self._run.pk

    def _see_taken(self, item: Item, known: _Known) -> None:
        """What another source has stays its own. Of an uploaded file, which is at hand, equal
        content is no problem; of other kinds nothing is fetched for that."""
        key = item.external_id
        if self._run.source.kind == Source.Kind.FILE:
            try:
                found = item.fetch({})
            except (Skipped, Failed) as error:
                outcome = SKIPPED if isinstance(error, Skipped) else FAILED
                self._chunk.problem(key, outcome, str(error), seen=False)
                return
            if found and content_hash(key, found) == known.documents.get(key):
                self._chunk.here_already()
                return
        self._chunk.problem(key, SKIPPED, taken_by(known.taken[key]), seen=False)

    def _see_content(self, item: Item, known: _Known) -> None:
        key, stood = item.external_id, known.stood(item.external_id)
        if item.within:
            self._chunk.is_within(key, item.within)
        if item.validators and item.validators.items() <= stood.items():
            self._leave(item, stood, known)
            return
        if key == self._suspect:
            self._leave_out(item, FAILED, _("The worker stopped while it was at this item."))
            return
        if self._careful and not item.within:
            queue.update(self._run, cursor=self._run.cursor | {"suspect": key})
        try:
            found = item.fetch(stood)
            if found is None:
                self._leave(item, stood | item.validators, known)
            elif opening.holds_items(item, found, self._run.source.kind):
                self._see_within(opening.items_in(item, found))
                self._chunk.taken_apart(key, item.validators | found.validators)
            else:
                self._chunk.content(key, found, item.validators | found.validators)
        except Skipped as error:
            self._leave_out(item, SKIPPED, str(error))
        except (Failed, FetchError, Refused, Rejected, Unreadable, OSError) as error:
            self._leave_out(item, FAILED, str(error))
            self._count(error)
        else:
            self._failures = 0

    def _see_within(self, items: Iterable[Item]) -> None:
        """The files in an item, as items of their own. Raises Unreadable."""
        for batch in batches(items):
            known = _known(self._run.source, batch)
            for item in batch:
                self._see(item, known)
                if self._chunk.is_full() and not self._careful:
                    self._chunk.commit()

    def _leave(self, item: Item, validators: Validators, known: _Known) -> None:
        """One that has not changed, with all that was taken out of it."""
        own = item.within == item.external_id  # a message, looked at by itself
        made = [] if own else known.within.get(item.external_id, [])
        self._chunk.unchanged(item.external_id, validators, len(made) or 1)
        if made:
            self._chunk.keep_within(item.external_id)
            if item.external_id in made:
                self._chunk.is_within(item.external_id, item.external_id)

    def _leave_out(self, item: Item, outcome: str, reason: str) -> None:
        """One that could not be had; what was taken out of it before stays."""
        self._chunk.problem(item.external_id, outcome, reason)
        if item.within != item.external_id:
            self._chunk.keep_within(item.external_id)

    def _count(self, error: Exception) -> None:
        """Raises Unlisted after too many in a row that a later try may mend."""
        again = isinstance(error, FetchError) and error.again
        self._failures = self._failures + 1 if again else 0
        if self._failures == MOST_FAILURES:
            message = _("%(count)d items in a row could not be had: %(reason)s")
            raise Unlisted(message % {"count": MOST_FAILURES, "reason": error})


def _reason_without_id(item: Item) -> str:
    """Why the item has no id to go by; empty where it has one."""
    if item.listed:
        return problem_with_id(item.external_id)
    try:
        item.fetch({})
    except Failed as error:
        return str(error)
    return _("The item has no id.")
