"""Related lists for other people's sites: of public collections alone, the same for everyone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from search_app.analysis.page_addresses import is_web
from search_app.queries.related_lists import Listed, public_list
from search_app.reasons import reasons
from search_app.related import LEAST

MOST = 10


@dataclass(frozen=True)
class Entry:
    """A related document: `source` is the address it came from, empty where it has none;
    `shares` are the rarest words that both have."""

    id: int
    external_id: str
    title: str
    source: str
    score: float
    shares: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class List:
    """What is related to a document, the sites that may show it, and a mark of it that changes
    when the list does."""

    document: int | None
    revision: int
    origins: list[str]
    found: Sequence[Listed] = ()
    model: int = 0  # of the collection
    title: str = ""

    @property
    def mark(self) -> str:
        mine = (self.document, self.revision) if self.document else None
        return hashlib.sha256(repr((mine, list(self.found))).encode()).hexdigest()[:32]

    def entries(self) -> list[Entry]:
        words = self._words()
        return [
            Entry(
                one.id,
                one.external_id,
                one.title or one.external_id,
                _source(one),
                round(one.score, 4),
                words.get(one.id, []),
            )
            for one in self.found
        ]

    def _words(self) -> dict[int, list[str]]:
        if self.document is None:
            return {}
        others = [(one.id, one.revision) for one in self.found]
        return reasons(self.model, self.document, self.revision, self.title, others)


def list_of(pk: int, limit: int) -> List | None:
    """None for a document that not everyone may see."""
    found = public_list(pk, LEAST, limit)
    if found is None:
        return None
    return List(pk, found.revision, found.origins, found.found, found.model, found.title)


def _source(one: Listed) -> str:
    """Where a link may lead: an address of the web, from the metadata or as the id."""
    found = (one.address, one.external_id)
    return next((text for text in found if text is not None and is_web(text)), "")
