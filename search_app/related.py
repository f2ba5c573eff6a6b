"""Related documents: each document's ten nearest in its collection, stored and kept right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction

from collections_app.models import Collection, Document, Viewer, long_columns
from search_app.analysis import nearest
from search_app.models import DocumentVector, RelatedDocument
from search_app.queries import alike, documents, locks, pairs
from search_app.queries.alike import NEAR_DUPLICATE

LEAST = 0.15  # cosine below which two documents have nothing to do with each other
MANY = 200  # changed documents from which all lists are made anew,
MANY_SHARE = 0.1  # or this share of the collection where that is more
MOST_DUPLICATES = 2000  # pairs that groups of near duplicates are made of
ROUNDS = 5  # documents deleted meanwhile leave short lists, filled in another round


@dataclass(frozen=True)
class Pair:
    """Two documents of one collection and the cosine of their vectors."""

    document: Document
    other: Document
    score: float

    @property
    def near_duplicate(self) -> bool:
        return self.score >= NEAR_DUPLICATE


def related(document: Document, user: Viewer, limit: int = 10) -> list[RelatedDocument]:
    """The stored list of a document the user may see, best first, `other` without its text.

    What is not really related is left out, so the list may be empty.
    """
    return list(
        RelatedDocument.objects.filter(
            document=document,
            document__collection__in=Collection.objects.visible_to(user),
            score__gte=LEAST,
        )
        .select_related("other")
        .defer(*long_columns("other"))
        .order_by("rank")[:limit]
    )


def most_related(user: Viewer, collection: Collection, limit: int = 100) -> list[Pair]:
    """The closest pairs of a collection, each once, best first, without the texts."""
    # A pair is stored once or twice, so twice as many rows hold enough pairs.
    rows = (
        RelatedDocument.objects.filter(
            document__collection=collection,
            document__collection__in=Collection.objects.visible_to(user),
        )
        .select_related("document", "other")
        .defer(*long_columns("document", "other"))
        .order_by("-score", "document", "other")[: 2 * limit]
    )
    found: dict[frozenset[int], Pair] = {}
    for row in rows:
        key = frozenset((row.document_id, row.other_id))
        found.setdefault(key, Pair(row.document, row.other, row.score))
    return list(found.values())[:limit]


@dataclass(frozen=True)
class Group:
    """Documents that are nearly the same, the oldest first; `score` is the highest cosine of
    two of them."""

    documents: list[Document]
    score: float


def near_duplicates(user: Viewer, collection: Collection, limit: int = 100) -> list[Group]:
    """Groups of documents that are nearly the same, the largest first, without the texts."""
    home = Collection.objects.visible_to(user).filter(pk=collection.pk).first()
    rows = alike.closest(home.pk, MOST_DUPLICATES) if home else []
    best: dict[int, float] = {}
    for pk, other, score in rows:
        for one in (pk, other):
            best[one] = max(best.get(one, score), score)
    pairs = ((pk, other) for pk, other, _score in rows)
    found = [group for group in alike.groups(sorted(best), pairs) if len(group) > 1]
    found.sort(key=lambda group: (-len(group), group))
    found = found[:limit]
    ids = [pk for group in found for pk in group]
    documents_ = Document.objects.filter(collection=collection).defer(*long_columns()).in_bulk(ids)
    return [
        Group(
            [documents_[pk] for pk in group if pk in documents_], max(map(best.__getitem__, group))
        )
        for group in found
    ]


def refresh(collection_id: int) -> bool:
    """Bring document vectors and lists up to date with the documents that are ready.

    False if another worker is at it; what it misses, the sweep catches.
    """
    with locks.only_one(f"related:{collection_id}") as mine:
        if not mine:
            return False
        collection = (
            Collection.objects.select_related("embedding_model").filter(pk=collection_id).first()
        )
        if collection is None:
            return True
        for _ in range(ROUNDS):
            documents.update_vectors(collection)
            if not _fill(collection):
                break
    return True


def stale() -> list[int]:
    """Ids of collections whose lists are behind their documents."""
    return documents.stale_collections()


def forget(document_ids: Sequence[int]) -> None:
    """Purge documents that are about to be deleted, inside the deleting transaction."""
    with transaction.atomic():
        locks.hold_derived_of(document_ids)
        pairs.forget(document_ids)


def _fill(collection: Collection) -> bool:
    """Make the lists that are asked for; False when there were none."""
    if not DocumentVector.objects.filter(
        collection=collection, model=collection.embedding_model_id, refill=True
    ).exists():
        return False
    matrix = documents.matrix(collection)
    wanted = np.flatnonzero(matrix.refill)
    everything = len(wanted) > max(MANY, MANY_SHARE * len(matrix.ids))
    if everything:
        wanted = np.arange(len(matrix.ids))
    for block in nearest.blocks(wanted, len(matrix.ids)):
        _fill_block(collection, matrix, block, others_too=not everything)
    return bool(len(wanted))


def _fill_block(
    collection: Collection, matrix: documents.Matrix, block: nearest.Ints, *, others_too: bool
) -> None:
    """Write the lists of these rows, and let them enter the lists of the others."""
    products = matrix.vectors[block] @ matrix.vectors.T
    products[np.arange(len(block)), block] = -np.inf  # never related to itself
    rows, others = nearest.reaching(products, pairs.LIST_LENGTH)
    scores = nearest.cosines(matrix.vectors, block[rows], others)
    best, ranks = nearest.ranked(rows, others, scores, pairs.LIST_LENGTH)
    ids = matrix.ids
    found = pairs.Found(ids[block[rows[best]]], ids[others[best]], scores[best], ranks)
    if not others_too:
        pairs.replace(ids[block], found, collection)
        return
    products[:, matrix.refill] = -np.inf  # their lists are made whole anyway
    rows, lists = nearest.above(products, matrix.floors)
    scores = nearest.cosines(matrix.vectors, lists, block[rows])
    enter = scores >= matrix.floors[lists]
    entering = pairs.Found(
        ids[lists[enter]], ids[block[rows[enter]]], scores[enter], np.zeros(enter.sum(), np.int64)
    )
    pairs.write(collection, ids[block], found, entering)
