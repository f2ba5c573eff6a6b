"""From which cosine on something is a match, for each pair of kinds: text or picture."""

from collections.abc import Sequence

import numpy as np
from django.core.cache import cache

from collections_app import vectors
from collections_app.encoders import ModelMissing
from collections_app.models import EmbeddingModel, Passage
from search_app.queries import samples
from search_app.queries.samples import PICTURE, TEXT

FEW_TEXTS = 30  # with fewer, the words of pictures are taken too
WORDS = 60  # pictures whose words are embedded, once a day
SECONDS = 24 * 3600


def cutoff(
    collections: Sequence[int], model: EmbeddingModel, *, asked: str = TEXT, found: str = ""
) -> float:
    """The least cosine of what is asked with what is found that is a match rather than chance.

    95 of 100 pairs taken at random stay below it: two passages where both are of one kind; a
    text and a picture where they are not.
    """
    if found in ("", asked) or not model.takes_pictures:
        return samples.cutoff(collections, model, found)
    each = [_across(pk, model) for pk in collections if samples.has([pk], model, PICTURE)]
    return min(each, default=0.0)


def line(collections: Sequence[int], model: EmbeddingModel, *, found: str = "") -> float:
    """The least cosine of a good match of a text: `cutoff`, lower where passages are few."""
    if found == PICTURE:
        return cutoff(collections, model, found=found)
    return samples.line(collections, model, found)


def _across(collection_id: int, model: EmbeddingModel) -> float:
    key = f"cutoff-across:{collection_id}:{model.pk}"
    known: float | None = cache.get(key)
    if known is not None:
        return known
    pictures = samples.some(collection_id, model, PICTURE)
    texts = samples.some(collection_id, model, TEXT)
    if len(texts) < FEW_TEXTS:
        texts = _words(collection_id, model)
    cosines = texts @ pictures.T
    found = float(np.quantile(cosines, samples.CHANCE)) if cosines.size else 0.0
    cache.set(key, found, SECONDS if len(pictures) == samples.PAIRED else samples.SECONDS)
    return found


def _words(collection_id: int, model: EmbeddingModel) -> np.ndarray:
    """What pictures of the collection are called, as queries: most fit few of the others."""
    rows = Passage.objects.filter(collection=collection_id, model=model).order_by("pk")
    texts = list(rows.exclude(text="").values_list("text", flat=True)[:WORDS])
    if not texts:
        return np.zeros((0, model.dimension), np.float32)
    try:
        made = vectors.embed(model, [text[:500] for text in texts], "query")
    except ModelMissing:
        return np.zeros((0, model.dimension), np.float32)
    unit: np.ndarray = made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-12)
    return unit
