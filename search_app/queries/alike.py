"""Near duplicates among documents that were found."""

from collections import defaultdict
from collections.abc import Sequence

from django.db import connection

NEAR_DUPLICATE = 0.95  # cosine from which a pair is flagged, and folds

PAIRS = """
SELECT document_id, other_id FROM search_app_relateddocument
WHERE document_id = ANY(%(ids)s) AND other_id = ANY(%(ids)s) AND score >= {least}
UNION ALL
SELECT id, first FROM (
    SELECT id, min(id) OVER (PARTITION BY content_hash) AS first
    FROM collections_app_document WHERE id = ANY(%(ids)s)
) equal WHERE id <> first
"""


def groups(document_ids: Sequence[int], least: float = NEAR_DUPLICATE) -> list[list[int]]:
    """The documents in their order, each with those after it that are nearly the same: by the
    stored related pairs from the cosine `least` on, or by equal content."""
    with connection.cursor() as cursor:
        # Not a parameter, so that the partial index is used.
        cursor.execute(PAIRS.format(least=float(least)), {"ids": list(document_ids)})
        linked: dict[int, set[int]] = defaultdict(set)
        for one, other in cursor.fetchall():
            linked[one].add(other)
            linked[other].add(one)
    found: dict[int, list[int]] = {}
    best: dict[int, int] = {}
    for pk in document_ids:
        if pk in best:
            continue
        found[pk] = _reached(pk, linked, best)
    places = {pk: place for place, pk in enumerate(document_ids)}
    return [sorted(members, key=places.__getitem__) for members in found.values()]


def _reached(pk: int, linked: dict[int, set[int]], best: dict[int, int]) -> list[int]:
    """The document and its near duplicates, theirs too; each is put under it."""
    best[pk] = pk
    members = [pk]
    for member in members:
        for other in linked.get(member, ()):
            if other not in best:
                best[other] = pk
                members.append(other)
    return members
