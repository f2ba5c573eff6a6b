"""Clusters: asked for, and read."""

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from collections_app.models import Collection, Viewer, long_columns
from collections_app.services import Rejected
from collections_app.wake import call_on_commit
from search_app import tasks
from search_app.building import build
from search_app.leases import FRESH
from search_app.models import Cluster, Clustering, ClusterMember
from search_app.queries import members as queries

__all__ = [
    "MAX_CLUSTERS",
    "build",
    "clustering",
    "clusters",
    "members",
    "outside",
    "rename",
    "request",
    "typical",
]

MAX_CLUSTERS = 100
MOST_SMALLEST = 10_000  # documents that a cluster may be asked to have at least
MOST_NAME = 200  # characters
TYPICAL = 4  # documents that stand for a cluster


def request(
    collection: Collection,
    wanted: int | None,
    afresh: bool = False,
    method: str = Clustering.Method.KMEANS,
    smallest: int | None = None,
) -> Clustering:
    """Ask for `wanted` clusters, or for as many as fit best; a worker builds them.

    By HDBSCAN there are as many as there are dense places of `smallest` documents or more.

    The clusters there are stay until the new ones are made. These begin where those were, unless
    `afresh`. Raises Rejected.
    """
    if wanted is not None and not 1 <= wanted <= MAX_CLUSTERS:
        raise Rejected(
            _("The number of clusters must be between 1 and %(most)d.") % {"most": MAX_CLUSTERS}
        )
    if smallest is not None and not 2 <= smallest <= MOST_SMALLEST:
        raise Rejected(
            _("The fewest documents of a cluster must be between 2 and %(most)d.")
            % {"most": MOST_SMALLEST}
        )
    by_density = method == Clustering.Method.HDBSCAN
    if wanted is not None and by_density:
        raise Rejected(_("HDBSCAN finds out how many clusters there are: leave the number empty."))
    asked = {"wanted": wanted, "afresh": afresh, "method": method, "smallest": smallest}
    with transaction.atomic():
        wish, _created = Clustering.objects.update_or_create(
            collection=collection,
            defaults=FRESH | asked | {"requested": Now()},
        )
        call_on_commit(tasks.build_clusters, collection.pk)
    wish.refresh_from_db()
    return wish


def clustering(user: Viewer, collection: Collection) -> Clustering | None:
    """What was asked for in a collection the user may see, and how it stands."""
    visible = Collection.objects.visible_to(user)
    return Clustering.objects.filter(collection=collection, collection__in=visible).first()


def clusters(user: Viewer, collection: Collection) -> QuerySet[Cluster]:
    """The clusters of a collection the user may see, in their order: largest first when they
    were made, those that came later after them."""
    visible = Collection.objects.visible_to(user)
    rows = Cluster.objects.filter(collection=collection, collection__in=visible)
    return rows.order_by("ordinal")


def typical(rows: QuerySet[Cluster]) -> QuerySet[Cluster]:
    """The clusters with their most typical documents as members in `nearest`."""
    members = ClusterMember.objects.select_related("document").defer(*long_columns("document"))
    first = members.order_by("-score", "pk")[:TYPICAL]
    return rows.prefetch_related(Prefetch("members", first, to_attr="nearest"))


def rename(cluster: Cluster, name: str) -> Cluster:
    """Give a cluster a name of one's own; an empty one gives back the name by its words.

    Raises Rejected.
    """
    name = " ".join(name.replace("\x00", "").split())
    if len(name) > MOST_NAME:
        raise Rejected(
            _("The name has %(length)d characters; the most is %(most)d.")
            % {"length": len(name), "most": MOST_NAME}
        )
    cluster.renamed = bool(name)
    cluster.name = name or cluster.automatic or cluster.name
    Cluster.objects.filter(pk=cluster.pk).update(name=cluster.name, renamed=cluster.renamed)
    return cluster


def outside(user: Viewer, collection: Collection) -> int:
    """How many documents of a collection the user may see are in no cluster."""
    return queries.outside(collection) if clustering(user, collection) else 0


def members(user: Viewer, cluster: Cluster) -> QuerySet[ClusterMember]:
    """A cluster's members, nearest the centroid first, `document` loaded for a list."""
    visible = Collection.objects.visible_to(user)
    rows = ClusterMember.objects.filter(cluster=cluster, cluster__collection__in=visible)
    return (
        rows.select_related("document")
        .defer(*long_columns("document"))
        .order_by("-score", "document")
    )
