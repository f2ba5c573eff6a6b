"""Passages, vectors and postings that a change leaves behind, a chunk at a time."""

import time

from django.db import transaction
from django.db.models.functions import Now

from collections_app.ingest.finish import clear
from collections_app.models import ModelChange, Passage, Shadow

CHUNK = 1000  # passages, or rows of the queue, in one transaction
ENDS = {
    ModelChange.State.CANCELLING: ModelChange.State.CANCELLED,
    ModelChange.State.DROPPING: ModelChange.State.DONE,
}


def work(seconds: float) -> bool:
    """Drop for about this long, a chunk at least; True when there is more to do."""
    end = time.monotonic() + seconds
    rows = ModelChange.objects.filter(state__in=ModelChange.ENDING, collection__owner__isnull=False)
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        while _shrink(pk):
            if time.monotonic() > end:
                return True
    return False


@transaction.atomic
def _shrink(change_id: int) -> bool:
    """Drop the next chunk; False once nothing is left, or while another process is at it."""
    rows = ModelChange.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    change = rows.filter(pk=change_id, state__in=ModelChange.ENDING).first()
    if change is None:
        return False
    beside = Passage.objects.filter(collection=change.collection_id, model=change.beside_id)
    ids = list(beside.order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if ids:
        clear(Passage.objects.filter(pk__in=ids))
        return True
    queued = list(change.shadows.values_list("pk", flat=True)[:CHUNK])
    if queued:
        gone = Shadow.objects.filter(pk__in=queued)
        gone._raw_delete(gone.db)
        return True
    ModelChange.objects.filter(pk=change_id).update(
        state=ENDS[ModelChange.State(change.state)], finished=Now()
    )
    return False
