"""Passages that an asker pins into the context, or drops from it, by where they stand."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.db.models import Q
from django.utils.translation import gettext as _

from collections_app.models import Document, Passage, Viewer, long_columns
from collections_app.services import Rejected

MOST_PINNED, MOST_DROPPED = 20, 100
KEY = re.compile(r"([0-9]{1,18})-([0-9]{1,9})-([0-9]{1,9})")


@dataclass(frozen=True)
class Chosen:
    """Characters of a document. They outlive the passages that it is split into."""

    document: int
    start: int
    end: int

    @classmethod
    def of(cls, one: Any) -> Self:
        """Of a passage, or of a citation."""
        return cls(one.document_id, one.start, one.end)

    @classmethod
    def read(cls, key: str) -> Self:
        """From `document-start-end`, as forms and addresses have it. Raises Rejected."""
        found = KEY.fullmatch(key)
        if found is None:
            raise Rejected(_("“%(key)s” names no passage.") % {"key": key[:60]})
        return cls(*map(int, found.groups()))

    @property
    def key(self) -> str:
        return f"{self.document}-{self.start}-{self.end}"

    def covers(self, passage: Passage) -> bool:
        """Whether half of the shorter of the two stands in the other."""
        if passage.document_id != self.document:
            return False
        both = min(self.end, passage.end) - max(self.start, passage.start)
        return 2 * both >= min(self.end - self.start, passage.end - passage.start)


def stored(rows: Iterable[dict[str, int]]) -> list[Chosen]:
    """As a question keeps them."""
    return [Chosen(**row) for row in rows]


def kept(user: Viewer, chosen: Sequence[Chosen], most: int) -> list[dict[str, int]]:
    """For a question to keep, each once. Raises Rejected: too many, or of no document that the
    user may see."""
    if not chosen:
        return []
    once = list(dict.fromkeys(chosen))
    if len(once) > most:
        raise Rejected(
            _("These are %(number)d passages; the most is %(most)d.")
            % {"number": len(once), "most": most}
        )
    ids = {one.document for one in once}
    there = set(Document.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
    if there != ids or any(one.start >= one.end for one in once):
        raise Rejected(_("There is no such passage, or you may not see it."))
    return [asdict(one) for one in once]


def passages_at(user: Viewer, chosen: Sequence[Chosen]) -> list[Passage]:
    """Those that stand there now, in the order chosen, as far as the user may see them; with
    their documents, whose texts are not loaded, and the models of their collections."""
    if not chosen:
        return []
    places = Q()
    for one in chosen:
        places |= Q(document=one.document, start__lt=one.end, end__gt=one.start)
    rows = (
        Passage.objects.active()
        .filter(places, document__in=Document.objects.visible_to(user))
        .select_related("document__collection__embedding_model")
        .defer(*long_columns("document"))
        .order_by("document", "ordinal")
    )
    found = [row for one in chosen for row in rows if one.covers(row)]
    return list({row.pk: row for row in found}.values())
