"""Near duplicates among documents that were found."""

from collections import defaultdict
from collections.abc import Sequence

from django.db import connection

NEAR_DUPLICATE = 0.95  # cosine from which a pair is flagged, and folds

PAIRS = """
SELECT document_id, other_id FROM search_app_relateddocument
WHERE document_id = ANY(%(ids)s) AND score >= {least}
"""


DUPLICATES = """
SELECT r.document_id, r.other_id, r.score FROM search_app_relateddocument r
JOIN collections_app_document d ON d.id = r.document_id
WHERE d.collection_id = %s AND r.score >= {least} ORDER BY r.score DESC, 1, 2 LIMIT %s
"""


def closest(collection_id: int, most: int) -> list[tuple[int, int, float]]:
    """(document, other, cosine) of a collection's near duplicates, the nearest first; a pair
    stands there once or twice."""
    with connection.cursor() as cursor:
        cursor.execute(DUPLICATES.format(least=NEAR_DUPLICATE), [collection_id, most])
        rows: list[tuple[int, int, float]] = cursor.fetchall()
    return rows


def groups(
    document_ids: Sequence[int], contents: Sequence[int], least: float = NEAR_DUPLICATE
) -> list[list[int]]:
    """The documents in their order, each with those after it that are nearly the same: by the
    stored related pairs from the cosine `least` on, or by equal content."""
    linked: dict[int, set[int]] = defaultdict(set)
    for one, other in [*_pairs(document_ids, least), *_equal(document_ids, contents)]:
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


def _pairs(document_ids: Sequence[int], least: float) -> list[tuple[int, int]]:
    there = set(document_ids)
    with connection.cursor() as cursor:
        # Not a parameter, so that the partial index is used.
        cursor.execute(PAIRS.format(least=float(least)), {"ids": list(document_ids)})
        return [pair for pair in cursor.fetchall() if pair[1] in there]


def _equal(document_ids: Sequence[int], contents: Sequence[int]) -> list[tuple[int, int]]:
    """Each with the first one of the same content."""
    first: dict[int, int] = {}
    pairs = zip(document_ids, contents, strict=True)
    return [(pk, one) for pk, content in pairs if (one := first.setdefault(content, pk)) != pk]


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
