"""Wake-up calls for what is derived from vectors. Losing one or getting it twice is harmless."""

from celery import shared_task
from django.conf import settings

from collections_app.models import Collection
from collections_app.wake import call
from search_app import building, digests, following, label_sets, placing, related, upkeep
from search_app.evaluation import nightly, work
from search_app.models import Interest, Upkeep
from search_app.queries import indexes


@shared_task
def refresh_related(collection_id: int) -> None:
    """Bring a collection's document vectors, related lists, map, clusters and labels up to date."""
    related.refresh(collection_id)
    placing.place(collection_id)
    building.place(collection_id)
    label_sets.assign_on_arrival(collection_id)


@shared_task
def build_clusters(collection_id: int) -> None:
    """Build the clusters that were asked for in a collection, and in clusters of it."""
    building.build_all(collection_id)


@shared_task
def build_map(collection_id: int) -> None:
    """Make the map that was asked for of a collection."""
    placing.build(collection_id)


@shared_task
def place_documents(collection_id: int) -> None:
    """Put a collection's new documents on its map and into its clusters."""
    placing.place(collection_id)
    building.place(collection_id)


@shared_task
def run_evaluation(evaluation_id: int) -> None:
    """Do an evaluation that was asked for."""
    work.run(evaluation_id)


@shared_task
def maintain_indexes() -> None:
    """Build the indexes that large collections lack, drop those nobody uses."""
    indexes.maintain(settings.HNSW_THRESHOLD)


@shared_task
def run_upkeep(upkeep_id: int) -> None:
    """Verify, repair, rebuild or measure what search reads of a collection."""
    upkeep.run(upkeep_id)


@shared_task
def look_after_indexes() -> None:
    """Every night: every collection is verified, and the recall of its index measured."""
    for collection in Collection.objects.order_by("pk"):
        for job in (Upkeep.Job.VERIFY, Upkeep.Job.RECALL):
            call(run_upkeep, upkeep.request(collection, job).pk)


@shared_task
def compare_interests(collection_id: int) -> None:
    """Look for what landed in a collection near what users follow."""
    for interest_id in following.concerned(collection_id):
        compare_interest(interest_id)


@shared_task
def compare_interest(interest_id: int) -> None:
    """Look for what landed near an interest."""
    rows = Interest.objects.select_related("owner", "collection", "document")
    interest = rows.filter(pk=interest_id).first()
    if interest is not None:
        following.compare(interest)


@shared_task
def send_digests() -> None:
    """Every morning: what landed near the interests of those who want it by e-mail."""
    digests.send()


@shared_task
def sweep() -> None:
    """Every 30 s: whatever is behind, because a worker died or a wake-up was lost."""
    building.give_up()
    placing.give_up()
    placing.requeue_outdated()
    work.give_up()
    upkeep.give_up()
    for collection_id in related.stale():
        call(refresh_related, collection_id)
    for collection_id in building.waiting():
        call(build_clusters, collection_id)
    for collection_id in placing.waiting():
        call(build_map, collection_id)
    for collection_id in sorted({*placing.behind(), *building.behind()}):
        call(place_documents, collection_id)
    for evaluation_id in work.waiting():
        call(run_evaluation, evaluation_id)
    for upkeep_id in upkeep.waiting():
        call(run_upkeep, upkeep_id)
    for interest_id in following.behind():
        call(compare_interest, interest_id)
    if indexes.missing(settings.HNSW_THRESHOLD) or indexes.orphans():
        call(maintain_indexes)


@shared_task
def refresh_clusters() -> None:
    """Every night: build clusters anew whose documents have changed."""
    for collection_id in building.requeue_outdated():
        call(build_clusters, collection_id)


@shared_task
def evaluate_nightly() -> None:
    """Every night: a run over the judged queries of each collection that has any."""
    nightly.prune()
    for evaluation_id in nightly.ask():
        call(run_evaluation, evaluation_id)
