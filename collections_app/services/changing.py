"""Changing the embedding model of a collection: each step wakes the worker that does it."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from collections_app import changes, tasks
from collections_app.models import Collection, EmbeddingModel, ModelChange
from collections_app.storage import Rejected
from collections_app.wake import call_on_commit

ACTIONS = ("switch", "roll-back", "cancel", "drop", "retry")


@transaction.atomic
def change_model(
    collection: Collection, model: EmbeddingModel, user: User | None = None
) -> ModelChange:
    """Begin to make the passages of `model`; search stays as it is. Raises Rejected."""
    change = changes.start(collection, model, user)
    call_on_commit(tasks.change_models)
    return change


def act_on_change(change: ModelChange, action: str, *, although_missing: bool = False) -> None:
    """One of ACTIONS. Raises Rejected, and NotAllThere where documents would be missing."""
    if action == "switch":
        changes.switch(change, although_missing=although_missing)
        call_on_commit(tasks.embed_pending)  # what was missing
    elif action == "roll-back":
        changes.roll_back(change, although_missing=although_missing)
        call_on_commit(tasks.embed_pending)
    elif action == "cancel":
        changes.cancel(change)
    elif action == "drop":
        changes.drop(change)
    elif action == "retry":
        changes.retry(change)
    else:
        raise Rejected(_("No such action: choose one of %s.") % ", ".join(ACTIONS))
    call_on_commit(tasks.change_models)
