"""The weights that collections are ranked by."""

import json
from collections.abc import Sequence

from django.db import connection

from collections_app.models import Collection
from search_app.analysis.weights import Weights


def used(
    collections: Sequence[Collection], weights: Weights | None, balance: float | None = None
) -> dict[int, Weights]:
    """By collection: `weights`, or else those in force or the defaults, shifted by `balance`."""
    stored = in_force(collections) if weights is None else {}
    found = {one.pk: stored.get(one.pk, weights or Weights()) for one in collections}
    if balance is None:
        return found
    return {pk: one.balanced(balance) for pk, one in found.items()}


# Asked in every search, where putting a statement together costs more than running it.
STORED = """
SELECT model_id, collection_id, weights::text FROM search_app_rankingweights
WHERE model_id = ANY(%s) AND (collection_id IS NULL OR collection_id = ANY(%s))
"""


# The same of one `collection`, for who reads its row anyway.
ALONG = """(
    SELECT weights::text FROM search_app_rankingweights
    WHERE model_id = collection.embedding_model_id AND weights <> '{}'
      AND (collection_id = collection.id OR collection_id IS NULL)
    ORDER BY collection_id NULLS LAST LIMIT 1
)"""


def remember(collection: Collection, weights: str | None) -> None:
    """What ALONG has read of this row, while it is used under the same model."""
    collection.__dict__["_ranked_by"] = (collection.embedding_model_id, weights)


def in_force(collections: Sequence[Collection]) -> dict[int, Weights]:
    """By collection: its own, or those of its model; one that has neither is left out."""
    if len(collections) == 1 and (known := collections[0].__dict__.get("_ranked_by")):
        model, weights = known
        if model == collections[0].embedding_model_id:
            return {collections[0].pk: Weights.from_json(json.loads(weights))} if weights else {}
    models = {one.embedding_model_id for one in collections}
    with connection.cursor() as cursor:
        cursor.execute(STORED, [list(models), [one.pk for one in collections]])
        stored = {(model, pk): json.loads(weights) for model, pk, weights in cursor.fetchall()}
    found = {}
    for one in collections:
        own = stored.get((one.embedding_model_id, one.pk))
        weights = own or stored.get((one.embedding_model_id, None))
        if weights:
            found[one.pk] = Weights.from_json(weights)
    return found
