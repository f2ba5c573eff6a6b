"""Related by passage: what stands near each passage of a document, in other documents."""

from collections.abc import Sequence
from dataclasses import dataclass

from collections_app.models import Document, Passage
from search_app.hits import passages_by_id
from search_app.queries.near_passages import near
from search_app.related import LEAST


@dataclass(frozen=True)
class Near:
    """A passage of another document, and the cosine with the passage asked about."""

    passage: Passage
    score: float


@dataclass(frozen=True)
class PassageWithNear:
    """A passage of a document with those nearest to it, best first; none below `LEAST`."""

    passage: Passage
    related: list[Near]


def related_passages(
    document: Document, passages: Sequence[Passage], limit: int
) -> list[PassageWithNear]:
    """For each of these passages of a document that the reader may see. Two statements."""
    found = near(document, [one.pk for one in passages], limit)
    rows = passages_by_id(other for others in found.values() for other, _cosine in others)
    return [
        PassageWithNear(
            one,
            [
                Near(rows[other], cosine)
                for other, cosine in found[one.pk]
                if other in rows and cosine >= LEAST
            ],
        )
        for one in passages
    ]
