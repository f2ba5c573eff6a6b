"""The weights that a collection is ranked by: in force, applied, and gone back to."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from collections_app.models import Collection
from collections_app.services import Rejected
from search_app.analysis.weights import Weights
from search_app.models import RankingWeights
from search_app.queries import weights_stored


def in_force(collection: Collection) -> Weights:
    """As ranking reads them: the collection's own, or its model's, or the defaults."""
    return weights_stored.in_force([collection]).get(collection.pk, Weights())


def own(collection: Collection) -> RankingWeights | None:
    """The collection's own under its model, if it has any."""
    return _own(collection).first()


@transaction.atomic
def apply(collection: Collection, weights: Weights) -> None:
    """Rank the collection by these from now on; what was in force is remembered."""
    before = _own(collection).select_for_update().first()
    if before is None:
        RankingWeights.objects.create(
            collection=collection,
            model_id=collection.embedding_model_id,
            weights=weights.to_json(),
        )
    elif before.weights != weights.to_json():
        before.former, before.weights = before.weights, weights.to_json()
        before.save()


@transaction.atomic
def revert(collection: Collection) -> None:
    """Back to the weights before the last change. Raises Rejected where there was none."""
    row = _own(collection).select_for_update().first()
    if row is None:
        raise Rejected(_("The weights have not been changed: there is nothing to go back to."))
    if row.former:
        row.weights, row.former = row.former, {}
        row.save()
    else:
        row.delete()


def _own(collection: Collection) -> QuerySet[RankingWeights]:
    return RankingWeights.objects.filter(collection=collection, model=collection.embedding_model_id)
