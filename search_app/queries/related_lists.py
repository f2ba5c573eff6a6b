"""The stored related list of a public document, as other sites get it: one small statement."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Q

from collections_app.models import Collection, Document

EVERYONE = AnonymousUser()


@dataclass(frozen=True)
class Listed:
    """A document of a list: its number, id, title, the address it came from, its revision and
    the cosine."""

    id: int
    external_id: str
    title: str
    address: str | None
    revision: int
    score: float


@dataclass(frozen=True)
class Public:
    """A document that everyone may see, the sites that may show its list, the collection's model,
    and the list."""

    id: int
    revision: int
    origins: list[str]
    model: int
    title: str
    found: list[Listed]


# Written out: Django takes longer to write it than PostgreSQL to answer. The conditions on the
# collection are those of `visible_to` for everyone.
LIST = """
SELECT mine.revision, home.widget_origins, home.embedding_model_id, mine.title,
    r.other_id, other.external_id, other.title, other.metadata ->> 'url', other.revision, r.score
FROM collections_app_document mine
JOIN collections_app_collection home ON home.id = mine.collection_id
    AND home.visibility = 'public' AND home.owner_id IS NOT NULL
LEFT JOIN (
    search_app_relateddocument r JOIN collections_app_document other ON other.id = r.other_id
) ON r.document_id = mine.id AND r.score >= %s
WHERE mine.id = %s ORDER BY r.rank LIMIT %s
"""


def public_list(pk: int, least: float, limit: int) -> Public | None:
    """A document's related ones from the cosine `least` on, best first; None if not everyone
    may see it."""
    with connection.cursor() as cursor:
        cursor.execute(LIST, [least, pk, limit])
        rows = cursor.fetchall()
    if not rows:
        return None
    found = [Listed(*row[4:]) for row in rows if row[4] is not None]
    revision, origins, model, title = rows[0][:4]
    return Public(pk, revision, origins, model, title, found)


def public_collection(pk: int) -> Collection | None:
    """If everyone may see it."""
    return Collection.objects.visible_to(EVERYONE).filter(pk=pk).first()


def public_document_at(collection: Collection, addresses: Sequence[str]) -> int | None:
    """The document of this collection that has one of these as its id or as the `url` of its
    metadata; the one added last where there are several."""
    by_metadata = Q()
    for address in addresses:  # each by the index over metadata
        by_metadata |= Q(metadata__contains={"url": address})
    if not addresses:
        return None
    rows = Document.objects.filter(collection=collection)
    ids = (
        rows.filter(external_id__in=addresses)
        .values("pk")
        .union(rows.filter(by_metadata).values("pk"), all=True)
    )
    return max(ids.values_list("pk", flat=True), default=None)
