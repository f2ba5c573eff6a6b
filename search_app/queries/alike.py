"""Near duplicates among documents that were found."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from django.db import connection

from search_app.queries.cursors import array

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
    places = {pk: place for place, pk in enumerate(document_ids)} if linked else {}
    found, folded = [], set[int]()
    for pk in document_ids:
        if pk not in linked:  # most are not
            found.append([pk])
        elif pk not in folded:
            members = _reached(pk, linked)
            folded |= members
            found.append(sorted(members, key=places.__getitem__))
    return found


def _pairs(document_ids: Sequence[int], least: float) -> list[tuple[int, int]]:
    there = set(document_ids)
    with connection.cursor() as cursor:
        # Not a parameter, so that the partial index is used.
        cursor.execute(PAIRS.format(least=float(least)), {"ids": array(np.array(document_ids))})
        return [pair for pair in cursor.fetchall() if pair[1] in there]


def _equal(document_ids: Sequence[int], contents: Sequence[int]) -> list[tuple[int, int]]:
    """Each with the first one of the same content."""
    first: dict[int, int] = {}
    pairs = zip(document_ids, contents, strict=True)
    return [(pk, one) for pk, content in pairs if (one := first.setdefault(content, pk)) != pk]


def _reached(pk: int, linked: dict[int, set[int]]) -> set[int]:
    """The document and its near duplicates, theirs too."""
    members, left = {pk}, [pk]
    while left:
        new = linked[left.pop()] - members
        members |= new
        left += new
    return members
