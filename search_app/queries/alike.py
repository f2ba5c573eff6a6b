"""Near duplicates among documents that were found."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import connection

NEAR_DUPLICATE = 0.95  # cosine from which a pair is flagged, and folds

Pair = tuple[int, int]

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


def groups(document_ids: Sequence[int], pairs: Iterable[Pair]) -> list[list[int]]:
    """The documents in their order, each with those after it that these pairs tie to it, by way
    of others too. What is not among the documents ties nothing."""
    there = set(document_ids)
    linked: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs:
        if one in there and other in there:
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


def equal(document_ids: Sequence[int], contents: Sequence[int]) -> list[Pair]:
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
