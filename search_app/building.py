"""Clusters built from the wishes in the database: each Clustering row is a queue of one.

A worker claims the row with a lease and a token; what it made counts only while the row
still carries the token, so a new wish or a lost lease refuses a late result.
"""

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Left, Now
from django.utils import timezone

from collections_app.models import Collection, Document
from search_app.analysis import clustering as analysis
from search_app.analysis import naming
from search_app.models import Cluster, Clustering, DocumentVector
from search_app.queries import documents, locks, members

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=15)  # longer than any build: there is no heartbeat
RELEASED: dict[str, Any] = {"claim_token": None, "lease_until": None}
FRESH: dict[str, Any] = RELEASED | {
    "state": Clustering.State.QUEUED,
    "attempts": 0,
    "error": "",
}


def build(collection_id: int) -> bool:
    """Build what was asked for. False where nothing waits, or the claim was lost meanwhile.

    A build that fails is recorded with its reason. Raises DatabaseError; the sweep then
    calls again once the lease has run out.
    """
    claimed = _claim(collection_id)
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
        return _fail(claimed, f"The clusters could not be built ({error!r}).")
    return _finish(claimed, began, matrix, grouping, names)


def waiting() -> list[int]:
    """Ids of collections whose clusters a worker may build now."""
    rows = Clustering.objects.filter(_free(), attempts__lt=settings.MAX_ATTEMPTS)
    return list(rows.order_by("requested").values_list("collection", flat=True))


def give_up() -> int:
    """Record as failed what stopped its worker every time; how many."""
    rows = Clustering.objects.filter(_free(), attempts__gte=settings.MAX_ATTEMPTS)
    return rows.update(
        **RELEASED,
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
    Clustering.objects.filter(collection__in=ids).update(**FRESH, requested=Now())
    return ids


def forget(document_ids: Sequence[int]) -> None:
    """Take documents that are about to be deleted out of their clusters."""
    with transaction.atomic():
        locks.hold_derived_of(document_ids)
        members.forget(document_ids)


def _free() -> Q:
    unheld = Q(lease_until=None) | Q(lease_until__lt=Now())
    stands = Q(collection__owner__isnull=False)
    return unheld & stands & Q(state=Clustering.State.QUEUED)


@transaction.atomic
def _claim(collection_id: int) -> Clustering | None:
    """The wish, held under a fresh token."""
    rows = Clustering.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        _free(), collection=collection_id, attempts__lt=settings.MAX_ATTEMPTS
    )
    claimed = rows.select_related("collection__embedding_model").first()
    if claimed is not None:
        claimed.claim_token = uuid.uuid4()
        Clustering.objects.filter(pk=claimed.pk).update(
            claim_token=claimed.claim_token,
            lease_until=Now() + LEASE,
            attempts=F("attempts") + 1,
        )
    return claimed


def _held(claimed: Clustering) -> QuerySet[Clustering]:
    return Clustering.objects.filter(pk=claimed.pk, claim_token=claimed.claim_token)


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


def _fail(claimed: Clustering, reason: str) -> bool:
    changes = RELEASED | {"state": Clustering.State.FAILED, "error": reason}
    return bool(_held(claimed).update(**changes))


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
    if not _held(claimed).select_for_update().exists():
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
    changes = RELEASED | {"state": Clustering.State.READY, "error": "", "built": began}
    _held(claimed).update(**changes, silhouette=grouping.silhouette)
    return True
