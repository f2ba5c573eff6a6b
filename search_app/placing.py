"""Maps made from the wishes in the database, and documents placed on them as they arrive.

Claims are those of `search_app.leases`. A document that arrives or changes is placed by the
stored axes: no other point moves. Only a map that is made anew, or one whose collection has
changed its model, gets new axes, turned so that it looks as before.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from collections_app.models import Collection
from search_app import leases
from search_app.analysis import layout, projection
from search_app.analysis.projection import Axes
from search_app.models import CollectionMap
from search_app.queries import documents, locks, many, points

logger = logging.getLogger(__name__)


def build(collection_id: int) -> bool:
    """Make the map that was asked for. False where nothing waits, or the claim was lost.

    A failure is recorded with its reason. Raises DatabaseError; the sweep calls again then.
    """
    rows = CollectionMap.objects.filter(collection=collection_id)
    claimed = leases.claim(rows.select_related("collection__embedding_model"))
    if claimed is None:
        return False
    began = timezone.now()
    try:
        documents.update_vectors(claimed.collection)
        by_umap = claimed.method == CollectionMap.Method.UMAP
        most = layout.MOST if by_umap else many.SAMPLE
        matrix, is_whole = many.all_or_sample(claimed.collection, most)
        former = _former(claimed, matrix.ids)
        axes, places = projection.fit(matrix.vectors, *former)
        if by_umap:
            places = layout.fit(matrix.vectors, former[1])
        ids, everywhere = (
            (matrix.ids, places) if is_whole else _with_others(claimed, matrix, axes, places)
        )
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("The map of collection %d cannot be made.", collection_id)
        return leases.fail(claimed, f"The map could not be made ({error!r}).")
    return _finish(claimed, began, (ids, everywhere), axes, len(matrix.ids))


def _with_others(
    claimed: CollectionMap, made_from: documents.Matrix, axes: Axes, places: projection.Ints
) -> tuple[np.ndarray, projection.Ints]:
    """Ids and places of all documents where the map was made from a sample: the others are placed
    by it, a block at a time."""
    ids, found = [], []
    for block in many.blocks(claimed.collection):
        if claimed.method == CollectionMap.Method.PCA:
            there = projection.place(block.vectors, axes)
        else:
            there = layout.land(block.vectors, made_from.vectors, places)
            _known, mine, theirs = np.intersect1d(block.ids, made_from.ids, return_indices=True)
            there[mine] = places[theirs]
        ids.append(block.ids)
        found.append(there)
    return np.concatenate(ids), np.concatenate(found)


def place(collection_id: int) -> int:
    """Place the documents that are new or changed since; how many."""
    rows = CollectionMap.objects.filter(
        collection=collection_id, mean__isnull=False, model=F("collection__embedding_model")
    )
    found = rows.select_related("collection__embedding_model").first()
    if found is None:
        return 0
    with transaction.atomic():
        locks.hold_derived(collection_id)
        new = points.unplaced(found)
        for start in range(0, len(new), many.BLOCK):
            some = new[start : start + many.BLOCK]
            ids, vectors = points.vectors_of(some, found.collection)
            if len(ids):
                points.add(found, ids, _landed(found, new, vectors))
    return len(new)


def _landed(found: CollectionMap, new: np.ndarray, vectors: np.ndarray) -> projection.Ints:
    """By the axes; on a map by UMAP between the nearest of a sample of those that lie there and
    are not `new`."""
    if found.method == CollectionMap.Method.PCA:
        return projection.place(vectors, axes_of(found))
    there, matrix = points.read(found.collection), many.sample(found.collection, layout.MOST)
    known = np.isin(there["id"], matrix.ids) & ~np.isin(there["id"], new)
    there = there[known]
    rows = np.searchsorted(matrix.ids, there["id"].astype(np.int64))
    places = np.stack([there["x"], there["y"]], axis=1).astype(np.int32)
    return layout.land(vectors, matrix.vectors[rows], places)


def behind() -> list[int]:
    """Ids of collections whose map lacks a document."""
    return points.behind()


def waiting() -> list[int]:
    """Ids of collections whose map a worker may make now."""
    return list(leases.waiting(CollectionMap.objects.all()).values_list("collection", flat=True))


def give_up() -> int:
    """Record as failed what stopped its worker every time; how many."""
    reason = (
        f"The worker stopped {settings.MAX_ATTEMPTS} times while it made the map. "
        "Its log may say why."
    )
    return leases.give_up(CollectionMap.objects.all(), reason)


def requeue_outdated() -> int:
    """Ask anew for maps of vectors that their collection has no more; how many."""
    rows = CollectionMap.objects.filter(state=CollectionMap.State.READY)
    current = rows.filter(model=F("collection__embedding_model"))
    return rows.exclude(pk__in=current.values("pk")).update(**leases.FRESH, requested=Now())


def forget(document_ids: Sequence[int]) -> None:
    """Take documents that are about to be deleted off their maps."""
    with transaction.atomic():
        locks.hold_derived_of(document_ids)
        points.forget(document_ids)


def axes_of(row: CollectionMap) -> Axes:
    """Of a map that has been made."""
    assert row.mean is not None
    assert row.first is not None
    assert row.second is not None
    return Axes(
        np.asarray(row.mean, np.float64),
        np.array([row.first, row.second], np.float64),
        np.array([row.explained_first, row.explained_second]),
        np.array([row.low_first, row.low_second]),
        row.side,
    )


Former = tuple[Axes, tuple[projection.Ints, projection.Ints]] | tuple[None, None]


def _former(claimed: CollectionMap, ids: np.ndarray) -> Former:
    """The axes there were, and where which of these documents lay."""
    if claimed.mean is None:
        return None, None
    old = points.read(claimed.collection)
    kept = np.isin(ids, old["id"])
    rows = np.searchsorted(old["id"].astype(np.int64), ids[kept])
    places = np.stack([old["x"][rows], old["y"][rows]], axis=1).astype(np.int32)
    return axes_of(claimed), (np.flatnonzero(kept).astype(np.int32), places)


@transaction.atomic
def _finish(
    claimed: CollectionMap,
    began: datetime,
    placed: tuple[np.ndarray, projection.Ints],
    axes: Axes,
    fitted: int,
) -> bool:
    """Write the map, unless the claim was lost."""
    locks.hold_derived(claimed.collection_id)
    if not leases.held(claimed).select_for_update().exists():
        return False
    home: Collection = claimed.collection
    points.replace(claimed, *placed)
    leases.held(claimed).update(
        **leases.RELEASED,
        state=CollectionMap.State.READY,
        error="",
        built=began,
        model=home.embedding_model,
        fitted=fitted,
        mean=axes.mean,
        first=axes.directions[0],
        second=axes.directions[1],
        explained_first=float(axes.explained[0]),
        explained_second=float(axes.explained[1]),
        low_first=float(axes.low[0]),
        low_second=float(axes.low[1]),
        side=axes.side,
    )
    return True
