"""Clusters: asked for, and read."""

from django.db import transaction
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from collections_app.models import Collection, Viewer, long_columns
from collections_app.services import Rejected
from collections_app.wake import call_on_commit
from search_app import tasks
from search_app.building import build, build_all
from search_app.leases import FRESH
from search_app.models import Cluster, Clustering, ClusterMember
from search_app.queries import locks, many
from search_app.queries import members as queries

__all__ = [
    "MAX_CLUSTERS",
    "above",
    "at",
    "build",
    "build_all",
    "clustering",
    "clusters",
    "members",
    "outside",
    "path",
    "prefix",
    "rename",
    "request",
    "typical",
    "unsplit",
]

MAX_CLUSTERS = 100
DEEPEST = queries.DEEPEST  # clusters around one that is split
MOST_SMALLEST = 10_000  # documents that a cluster may be asked to have at least
MOST_NAME = 200  # characters
TYPICAL = 4  # documents that stand for a cluster
FEWEST_SPLIT = 4  # documents of a cluster that can be split


def request(
    collection: Collection,
    wanted: int | None,
    afresh: bool = False,
    method: str = Clustering.Method.KMEANS,
    smallest: int | None = None,
    parent: Cluster | None = None,
) -> Clustering:
    """Ask for `wanted` clusters, or for as many as fit best; a worker builds them.

    By HDBSCAN there are as many as there are dense places of `smallest` documents or more.
    With `parent`, a cluster of the collection, its documents alone are grouped: it is split.

    The clusters there are stay until the new ones are made. These begin where those were, unless
    `afresh`. Raises Rejected.
    """
    if (count := many.count(collection)) > many.MOST:
        raise Rejected(
            _("Clusters are made of up to %(most)d documents; this collection has %(count)d.")
            % {"most": many.MOST, "count": count}
        )
    if wanted is not None and not 1 <= wanted <= MAX_CLUSTERS:
        raise Rejected(
            _("The number of clusters must be between 1 and %(most)d.") % {"most": MAX_CLUSTERS}
        )
    if parent and wanted == 1:
        raise Rejected(_("A cluster is split into two parts at least."))
    if smallest is not None and not 2 <= smallest <= MOST_SMALLEST:
        raise Rejected(
            _("The fewest documents of a cluster must be between 2 and %(most)d.")
            % {"most": MOST_SMALLEST}
        )
    by_density = method == Clustering.Method.HDBSCAN
    if wanted is not None and by_density:
        raise Rejected(_("HDBSCAN finds out how many clusters there are: leave the number empty."))
    depth = _depth_within(parent) if parent else 0
    asked = {"wanted": wanted, "afresh": afresh, "method": method, "smallest": smallest}
    asked["depth"] = depth
    with transaction.atomic():
        if parent:  # which goes where clusters are made anew meanwhile
            locks.hold_derived(collection.pk)
            if not Cluster.objects.filter(pk=parent.pk).exists():
                raise Rejected(_("The cluster is gone: the clusters were made anew meanwhile."))
        wish, _created = Clustering.objects.update_or_create(
            collection=collection,
            parent=parent,
            defaults=FRESH | asked | {"requested": Now()},
        )
        call_on_commit(tasks.build_clusters, collection.pk)
    wish.refresh_from_db()
    return wish


def _depth_within(parent: Cluster) -> int:
    """Of the split of a cluster. Raises Rejected where it cannot be split."""
    if parent.size < FEWEST_SPLIT:
        raise Rejected(
            _("A cluster of %(size)d documents is too small to be split: it takes %(fewest)d.")
            % {"size": parent.size, "fewest": FEWEST_SPLIT}
        )
    depth = parent.clustering.depth + 1
    if depth > DEEPEST:
        raise Rejected(
            _("This cluster lies in %(most)d others, and is not split any further.")
            % {"most": DEEPEST}
        )
    return depth


def unsplit(cluster: Cluster) -> bool:
    """Remove what a cluster is split into, however deep; its documents stay in it. False where it
    is not split."""
    with transaction.atomic():
        locks.hold_derived(cluster.collection_id)
        split = Clustering.objects.filter(parent=cluster).select_for_update().first()
        if split is None:
            return False
        split.delete()
        queries.drop_strays(cluster.clustering)
    return True


def clustering(
    user: Viewer, collection: Collection, parent: Cluster | None = None
) -> Clustering | None:
    """What was asked for in a collection the user may see, or in a cluster of it, and how it
    stands."""
    visible = Collection.objects.visible_to(user)
    rows = Clustering.objects.filter(collection=collection, collection__in=visible, parent=parent)
    return rows.first()


def clusters(
    user: Viewer, collection: Collection, parent: Cluster | None = None
) -> QuerySet[Cluster]:
    """The clusters of a collection the user may see, or those that one of them is split into."""
    visible = Collection.objects.visible_to(user)
    return Cluster.objects.of(collection, parent).filter(collection__in=visible)


def above(cluster: Cluster) -> list[Cluster]:
    """The clusters around a cluster, the outermost first."""
    found: list[Cluster] = []
    while cluster.clustering.parent_id:
        rows = Cluster.objects.select_related("clustering").defer("centroid")
        cluster = rows.get(pk=cluster.clustering.parent_id)
        found.insert(0, cluster)
    return found


def path(cluster: Cluster) -> str:
    """Its place, and those of the clusters around it: 3.1 is in 3."""
    return ".".join(str(one.ordinal) for one in [*above(cluster), cluster])


def prefix(parent: Cluster | None) -> str:
    """What stands before the places of the clusters that one is split into."""
    return f"{path(parent)}." if parent else ""


def at(user: Viewer, collection: Collection, places: str) -> Cluster:
    """The cluster of a collection the user may see with this path. Raises Rejected."""
    found: Cluster | None = None
    for place in places.split("."):
        rows = clusters(user, collection, found).select_related("clustering")
        inside = prefix(found)
        small = place.isdecimal() and len(place) < 6
        found = rows.filter(ordinal=int(place)).first() if small else None
        if found is None:
            ids = ", ".join(f"{inside}{one}" for one in rows.values_list("ordinal", flat=True))
            raise Rejected(
                _("No cluster has the id %(id)s. There are: %(known)s.")
                % {"id": places[:100], "known": ids or "–"}
            )
    assert found is not None
    return found


def typical(rows: QuerySet[Cluster]) -> QuerySet[Cluster]:
    """The clusters with their most typical documents as members in `nearest`, and in `parts` how
    many they are split into."""
    members = ClusterMember.objects.select_related("document").defer(*long_columns("document"))
    first = members.order_by("-score", "pk")[:TYPICAL]
    parts = Cluster.objects.filter(clustering__parent=OuterRef("pk")).order_by()
    counted = parts.values("clustering").annotate(n=Count("*")).values("n")
    rows = rows.select_related("clustering").annotate(parts=Coalesce(Subquery(counted), 0))
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


def outside(user: Viewer, collection: Collection, parent: Cluster | None = None) -> int:
    """How many documents of a collection the user may see, or of a cluster of it that is split,
    are in none of the clusters."""
    found = clustering(user, collection, parent)
    return queries.outside(found) if found else 0


def members(user: Viewer, cluster: Cluster) -> QuerySet[ClusterMember]:
    """A cluster's members, nearest the centroid first, `document` loaded for a list."""
    visible = Collection.objects.visible_to(user)
    rows = ClusterMember.objects.filter(cluster=cluster, cluster__collection__in=visible)
    return (
        rows.select_related("document")
        .defer(*long_columns("document"))
        .order_by("-score", "document")
    )
