"""Clusters built from the wishes in the database: each Clustering row is a queue of one.

Claims are those of `search_app.leases`.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Left, Now
from django.utils import timezone

from collections_app.models import Collection, Document
from search_app import leases
from search_app.analysis import clustering as analysis
from search_app.analysis import naming
from search_app.models import Cluster, Clustering, DocumentVector
from search_app.queries import documents, locks, members

logger = logging.getLogger(__name__)


def build(collection_id: int) -> bool:
    """Build what was asked for. False where nothing waits, or the claim was lost meanwhile.

    A build that fails is recorded with its reason. Raises DatabaseError; the sweep then
    calls again once the lease has run out.
    """
    rows = Clustering.objects.filter(collection=collection_id)
    claimed = leases.claim(rows.select_related("collection__embedding_model"))
    if claimed is None:
        return False
    began = timezone.now()
    try:
        matrix = documents.current_matrix(claimed.collection)
        grouping = analysis.group(matrix.vectors, claimed.wanted, claimed.seed)
        names = _names(claimed.collection, dict(zip(matrix.ids, grouping.labels, strict=True)))
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("The clusters of collection %d cannot be built.", collection_id)
        return leases.fail(claimed, f"The clusters could not be built ({error!r}).")
    return _finish(claimed, began, matrix, grouping, names)


def waiting() -> list[int]:
    """Ids of collections whose clusters a worker may build now."""
    return list(leases.waiting(Clustering.objects.all()).values_list("collection", flat=True))


def give_up() -> int:
    """Record as failed what stopped its worker every time; how many."""
    return leases.given_up(Clustering.objects.all()).update(
        **leases.RELEASED,
        state=Clustering.State.FAILED,
        error=f"The worker stopped {settings.MAX_ATTEMPTS} times while it built the clusters. "
        "Its log may say why.",
    )


def requeue_outdated() -> list[int]:
    """Ask anew for clusters whose documents have changed; the ids of their collections."""
    newer = Document.objects.filter(
        collection=OuterRef("collection"), ready_at__gt=OuterRef("built")
    )
    left_out = DocumentVector.objects.filter(
        collection=OuterRef("collection"),
        model=OuterRef("collection__embedding_model"),
        document__cluster_member=None,
    )
    rows = Clustering.objects.filter(Exists(newer) | Exists(left_out), state=Clustering.State.READY)
    ids = list(rows.values_list("collection", flat=True))
    Clustering.objects.filter(collection__in=ids).update(**leases.FRESH, requested=Now())
    return ids


def forget(document_ids: Sequence[int]) -> None:
    """Take documents that are about to be deleted out of their clusters."""
    with transaction.atomic():
        locks.hold_derived_of(document_ids)
        members.forget(document_ids)


def _names(collection: Collection, labels: dict[int, int]) -> list[naming.Name]:
    """The clusters' names, from their documents' titles and the beginnings of their texts."""
    words = naming.Words(len(set(labels.values())), collection.language)
    rows = Document.objects.filter(collection=collection, vector__isnull=False).values_list(
        "pk", "title", Left("text", naming.CONSIDERED)
    )
    for pk, title, text in rows.order_by("pk").iterator():
        if pk in labels:
            words.add(labels[pk], title, text)
    return words.names()


@transaction.atomic
def _finish(
    claimed: Clustering,
    began: datetime,
    matrix: documents.Matrix,
    grouping: analysis.Grouping,
    names: Sequence[naming.Name],
) -> bool:
    """Write the clusters, unless the claim was lost."""
    locks.hold_derived(claimed.collection_id)
    if not leases.held(claimed).select_for_update().exists():
        return False
    clusters = [
        Cluster(
            clustering=claimed,
            collection=claimed.collection,
            ordinal=ordinal,
            name=named.name,
            terms=named.terms,
            size=0,
            centroid=centroid,
        )
        for ordinal, (named, centroid) in enumerate(zip(names, grouping.centroids, strict=True))
    ]
    members.replace(claimed, clusters, matrix.ids, grouping.labels, grouping.scores)
    changes = leases.RELEASED | {"state": Clustering.State.READY, "error": "", "built": began}
    leases.held(claimed).update(**changes, silhouette=grouping.silhouette)
    return True
