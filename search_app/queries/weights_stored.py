"""The weights that collections are ranked by."""

from collections.abc import Sequence

from django.db.models import Q

from collections_app.models import Collection
from search_app.analysis.weights import Weights
from search_app.models import RankingWeights


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
