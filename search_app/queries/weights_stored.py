"""The weights that collections are ranked by."""

from collections.abc import Sequence

from django.db.models import Q

from collections_app.models import Collection
from search_app.analysis.weights import Weights
from search_app.models import RankingWeights


def used(
    collections: Sequence[Collection], weights: Weights | None, balance: float | None = None
) -> dict[int, Weights]:
    """By collection: `weights`, or else those in force or the defaults, shifted by `balance`."""
    stored = in_force(collections) if weights is None else {}
    found = {one.pk: stored.get(one.pk, weights or Weights()) for one in collections}
    if balance is None:
        return found
    return {pk: one.balanced(balance) for pk, one in found.items()}


def in_force(collections: Sequence[Collection]) -> dict[int, Weights]:
    """By collection: its own, or those of its model; one that has neither is left out."""
    rows = RankingWeights.objects.filter(
        Q(collection__in=[one.pk for one in collections]) | Q(collection=None),
        model__in={one.embedding_model_id for one in collections},
    )
    stored = {(row.model_id, row.collection_id): row.weights for row in rows}
    found = {}
    for one in collections:
        own = stored.get((one.embedding_model_id, one.pk))
        weights = own or stored.get((one.embedding_model_id, None))
        if weights:
            found[one.pk] = Weights.from_json(weights)
    return found
