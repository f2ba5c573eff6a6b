"""The beginning of a change."""

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from collections_app.ingest import shadows
from collections_app.models import Collection, EmbeddingModel, ModelChange, Passage
from collections_app.storage import Rejected

_ALL = """
INSERT INTO collections_app_shadow
    (document_id, change_id, state, tokens, attempts, error, error_stage, error_place)
SELECT document.id, %s, 'queued', 0, 0, '', '', '{}'
FROM collections_app_document document
WHERE document.collection_id = %s AND EXISTS (
    SELECT FROM collections_app_passage passage
    WHERE passage.document_id = document.id AND passage.model_id = %s
)
"""


def choices(collection: Collection) -> QuerySet[EmbeddingModel]:
    """Models that the collection can go to."""
    return EmbeddingModel.objects.usable().with_probe().exclude(pk=collection.embedding_model_id)


@transaction.atomic
def start(collection: Collection, model: EmbeddingModel, user: User | None = None) -> ModelChange:
    """Queue all documents for `model`. Search stays as it is.

    Raises Rejected for a model that cannot be chosen, or where a change is open already.
    """
    shadows.hold(collection.pk)  # from here on, whatever is committed is queued by its commit
    now = Collection.objects.filter(pk=collection.pk).select_related("embedding_model").first()
    if now is None:
        raise Rejected(_("The collection has been deleted."))
    _check(now, model)
    change = ModelChange.objects.create(
        collection=now, old=now.embedding_model, new=model, beside=model, asked_by=user
    )
    with connection.cursor() as cursor:
        cursor.execute(_ALL, [change.pk, now.pk, now.embedding_model_id])
    return change


def _check(collection: Collection, model: EmbeddingModel) -> None:
    names = {"model": model.name, "collection": collection.name}
    if model.pk == collection.embedding_model_id:
        raise Rejected(_("“%(collection)s” has the model %(model)s already.") % names)
    if not model.usable:
        raise Rejected(_("%(model)s has not passed its probe. Probe it first.") % names)
    if collection.model_changes.open().exists():
        raise Rejected(
            _("The model of “%(collection)s” is being changed already. End that change first.")
            % names
        )
    # Of a change that ended in the middle of an earlier version of this site, for one.
    if Passage.objects.filter(collection=collection, model=model).exists():
        raise Rejected(
            _("“%(collection)s” still has passages under %(model)s. Repair it: manage.py reindex.")
            % names
        )
