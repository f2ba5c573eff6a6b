"""Every night a run over each collection that has judged queries."""

from django.db.models import Exists, F, OuterRef

from collections_app.models import Collection
from search_app.models import Evaluation, JudgedQuery

KEPT = 400  # evaluations of a collection: more than a year of nights


def ask() -> list[int]:
    """Ask for the night's runs; their numbers. One that still waits is not asked for again.

    A run counts shared queries and the collection's owner's own; it is seen by others only
    where all of them are shared.
    """
    queries = JudgedQuery.objects.filter(collection=OuterRef("pk"))
    own = queries.filter(owner=OuterRef("owner"), shared=False)
    waiting = Evaluation.objects.filter(
        collection=OuterRef("pk"), kind=Evaluation.Kind.NIGHTLY, state=Evaluation.State.QUEUED
    )
    rows = Collection.objects.filter(
        Exists(queries.filter(shared=True)) | Exists(own), ~Exists(waiting)
    )
    wanted = rows.annotate(unshared=Exists(own)).order_by("pk")
    made = [
        Evaluation(
            collection_id=collection,
            owner_id=owner,
            kind=Evaluation.Kind.NIGHTLY,
            shared=not unshared,
        )
        for collection, owner, unshared in wanted.values_list("pk", "owner", "unshared")
    ]
    return [one.pk for one in Evaluation.objects.bulk_create(made)]


def prune() -> int:
    """Delete the oldest evaluations of collections that have too many; how many."""
    newer = Evaluation.objects.filter(collection=OuterRef("collection")).order_by("-pk")
    limit = newer.values("pk")[KEPT : KEPT + 1]
    rows = Evaluation.objects.annotate(limit=limit).filter(pk__lte=F("limit"))
    return rows.delete()[0]
