"""Clusters built from the wishes in the database: each Clustering row is a queue of one.

Claims are those of `search_app.leases`. Clusters that are built anew begin where the former ones
were, and go on under their ids and names where they hold much the same; documents that arrive
meanwhile go to the nearest cluster, and no other moves. A cluster that is split is a small
collection: the same is done with its documents, and done anew when it was built anew itself.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from collections_app.models import Document
from search_app import cluster_names, leases
from search_app.analysis import clustering as analysis
from search_app.analysis import density, matching
from search_app.models import Cluster, Clustering, ClusterMember, DocumentVector
from search_app.queries import documents, locks, many, members, unplaced

logger = logging.getLogger(__name__)

MANY = "The collection has grown beyond what clusters are made of. Split it into several."
ALIKE = "The documents of this cluster are too much alike to be split."


def build(collection_id: int) -> bool:
    """Build what was asked for. False where nothing waits, or the claim was lost meanwhile.

    A build that fails is recorded with its reason. Raises DatabaseError; the sweep then
    calls again once the lease has run out.
    """
    rows = Clustering.objects.filter(collection=collection_id)
    claimed = leases.claim(rows.select_related("collection__embedding_model", "parent"))
    if claimed is None:
        return False
    if many.count(claimed.collection) > many.MOST:
        return leases.fail(claimed, MANY)
    began = timezone.now()
    try:
        built = _built(claimed)
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("The clusters of collection %d cannot be built.", collection_id)
        return leases.fail(claimed, f"The clusters could not be built ({error!r}).")
    if claimed.parent_id and len(built.clusters) == 1 and (built.labels == 0).all():
        return leases.fail(claimed, ALIKE)
    return _finish(claimed, began, built)


def build_all(collection_id: int) -> None:
    """Build everything that was asked for in a collection: a split follows what is split."""
    while build(collection_id):
        pass


def place(collection_id: int) -> int:
    """Put the documents that are new or changed since into the nearest cluster, and into the
    nearest of those it is split into; how many places they got.

    Where clusters are those of density, one that is farther from it than nearly all of its own is
    in none.
    """
    rows = Clustering.objects.filter(
        collection=collection_id, model=F("collection__embedding_model")
    ).select_related("collection__embedding_model")
    count = 0
    for one in rows.order_by("depth", "pk"):
        while placed := _place(one):
            count += placed
            if placed < many.BLOCK:
                break
    return count


@transaction.atomic
def _place(found: Clustering) -> int:
    locks.hold_derived(found.collection_id)
    clusters = list(found.clusters.order_by("ordinal"))
    if not clusters:
        return 0
    new = unplaced.newcomers(found, many.BLOCK)
    if not len(new.ids):
        return 0
    middles = np.array([row.centroid for row in clusters], np.float32)
    labels = analysis.nearest(new.vectors, middles)
    scores = np.einsum("nd,nd->n", new.vectors, middles[labels])
    if found.method == Clustering.Method.HDBSCAN:
        labels = density.within(new.vectors, middles, members.reaches(clusters, density.FAR))
    ids = np.array([row.pk for row in clusters] + [0], np.int64)[labels]
    members.add(found, new.ids, ids, scores, new.revisions)
    return len(new.ids)


def behind() -> list[int]:
    """Ids of collections with a document that is not placed among its clusters."""
    return unplaced.behind()


def waiting() -> list[int]:
    """Ids of collections whose clusters a worker may build now."""
    rows = leases.waiting(Clustering.objects.all()).values_list("collection", flat=True)
    return list(dict.fromkeys(rows))


def give_up() -> int:
    """Record as failed what stopped its worker every time; how many."""
    reason = (
        f"The worker stopped {settings.MAX_ATTEMPTS} times while it built the clusters. "
        "Its log may say why."
    )
    return leases.give_up(Clustering.objects.all(), reason)


def requeue_outdated() -> list[int]:
    """Ask anew for clusters whose documents or whose model changed; the collections' ids.

    What clusters are split into follows when they are built.
    """
    newer = Document.objects.filter(
        collection=OuterRef("collection"), ready_at__gt=OuterRef("built")
    )
    placed = ClusterMember.objects.filter(document=OuterRef("document"), depth=0)
    left_out = DocumentVector.objects.filter(
        ~Exists(placed),
        collection=OuterRef("collection"),
        model=OuterRef("collection__embedding_model"),
    )
    other_model = Q(model__isnull=False) & ~Q(model=F("collection__embedding_model"))
    outdated = Exists(newer) | Exists(left_out) | other_model
    rows = Clustering.objects.filter(outdated, parent=None, state=Clustering.State.READY)
    ids = list(rows.values_list("collection", flat=True))
    wishes = Clustering.objects.filter(collection__in=ids, parent=None)
    wishes.update(**leases.FRESH, requested=Now(), afresh=False)
    return ids


def forget(document_ids: Sequence[int]) -> None:
    """Take documents that are about to be deleted out of their clusters."""
    with transaction.atomic():
        locks.hold_derived_of(document_ids)
        members.forget(document_ids)


@dataclass(frozen=True)
class _Built:
    """Clusters ready to be written; `labels` are their places for each row of `matrix`."""

    matrix: documents.Matrix
    clusters: list[Cluster]
    labels: np.ndarray
    scores: np.ndarray
    silhouette: float | None
    sample: int | None


def _matrix(claimed: Clustering) -> documents.Matrix:
    """Of the collection, or of the cluster that is split."""
    matrix = documents.current_matrix(claimed.collection)
    return documents.among(matrix, members.of(claimed.parent)) if claimed.parent else matrix


def _built(claimed: Clustering) -> _Built:
    matrix = _matrix(claimed)
    old, was = members.former(claimed, matrix.ids)
    begin = None if claimed.afresh else was
    if claimed.method == Clustering.Method.HDBSCAN:
        grouping = density.group(matrix.vectors, claimed.smallest, claimed.seed)
    else:
        grouping = analysis.group(matrix.vectors, claimed.wanted, claimed.seed, begin)
    which, shared = matching.match(matrix.vectors, was, grouping.labels)
    clusters = [
        old[place]
        if place >= 0
        else Cluster(clustering=claimed, collection=claimed.collection, size=0)
        for place in which.tolist()
    ]
    order = _order(clusters, claimed.afresh)
    for row, centroid in zip(clusters, grouping.centroids, strict=True):
        row.centroid = centroid
    labels = grouping.labels
    cluster_names.give(claimed, clusters, shared, dict(zip(matrix.ids, labels, strict=True)))
    places = np.array([*np.argsort(order), -1], np.int64)  # the last is for -1
    placed = places[labels]
    clusters = [clusters[place] for place in order]
    return _Built(matrix, clusters, placed, grouping.scores, grouping.silhouette, grouping.sample)


def _order(clusters: Sequence[Cluster], afresh: bool) -> list[int]:
    """Places of the clusters as they are to stand, and their `ordinal`: those there were as
    before, then the new ones, largest first; `afresh` all by their size, in which they come."""

    def key(place: int) -> tuple[int, int]:
        row = clusters[place]
        return (row.ordinal, place) if row.pk and not afresh else (2**31, place)

    order = sorted(range(len(clusters)), key=key)
    last = -1
    for place in order:
        row = clusters[place]
        row.ordinal = last = row.ordinal if row.pk and not afresh else last + 1
    return order


@transaction.atomic
def _finish(claimed: Clustering, began: datetime, built: _Built) -> bool:
    """Write the clusters, unless the claim was lost; what they are split into follows."""
    locks.hold_derived(claimed.collection_id)
    if not leases.held(claimed).select_for_update().exists():
        return False
    for row in built.clusters:  # what a person has changed meanwhile stays
        if row.pk and (now := Cluster.objects.filter(pk=row.pk).only("name", "renamed").first()):
            row.renamed = now.renamed
            row.name = now.name if now.renamed else row.automatic
        else:
            row.pk = None
    matrix = built.matrix
    members.replace(
        claimed, built.clusters, matrix.ids, built.labels, built.scores, matrix.revisions
    )
    changes = leases.RELEASED | {"state": Clustering.State.READY, "error": "", "built": began}
    model = claimed.collection.embedding_model
    leases.held(claimed).update(
        **changes, silhouette=built.silhouette, sample=built.sample, model=model
    )
    splits = Clustering.objects.filter(parent__clustering=claimed)
    splits.update(**leases.FRESH, requested=Now(), afresh=False)
    return True
