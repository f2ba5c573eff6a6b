"""A fixed sample of a collection's vectors, which tells how the cosines of all of them lie."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from django.core.cache import cache
from django.db import connection
from numpy.typing import NDArray

from collections_app.models import EmbeddingModel
from search_app.analysis.fusion import Spread
from search_app.queries import binary

SAMPLE = 1000  # passages: mean and deviation of a cosine are told to within some hundredths
KEPT = 16  # collections whose samples stay in this process, 1.5 MB each at 384 numbers
SECONDS = 600
CHOICE_SECONDS = 24 * 3600  # choosing reads a whole collection, so all processes share it


@dataclass(frozen=True)
class _Sample:
    count: int  # passages of the collection
    vectors: NDArray[np.float32]  # (n, dimension), length 1
    until: float
    chance: float  # cosine that CHANCE of all pairs of them stay below


TEXT, PICTURE = "text", "picture"  # kinds of passages, under a model that takes both
CONDITIONS = {
    TEXT: "NOT starts_with(document.format, 'image/')",
    PICTURE: "starts_with(document.format, 'image/')",
}
CHANCE = 0.95
PAIRED = 400  # passages that are paired with each other


_kept: OrderedDict[tuple[int, int, str], _Sample] = OrderedDict()
_lock = Lock()


def spreads(
    collections: Sequence[int], model: EmbeddingModel, vector: np.ndarray, kind: str = ""
) -> list[Spread]:
    """How the cosines with `vector` lie in each collection that has vectors, of this kind."""
    unit = vector / max(float(np.linalg.norm(vector)), 1e-12)
    found = []
    for pk in collections:
        sample = _sample(pk, model, kind)
        if len(sample.vectors):
            cosines = sample.vectors @ unit
            found.append(Spread(sample.count, float(cosines.mean()), float(cosines.var())))
    return found


def cutoff(collections: Sequence[int], model: EmbeddingModel, kind: str = "") -> float:
    """The least cosine that is a match rather than chance, over these collections.

    Passages taken at random mostly have nothing to do with each other: 95 of 100 pairs of them
    stay below it. That of the collection with the lowest counts; 0 where there are no vectors.
    """
    read = [_sample(pk, model, kind) for pk in collections]
    return min((one.chance for one in read if len(one.vectors) > 1), default=0.0)


def has(collections: Sequence[int], model: EmbeddingModel, kind: str) -> bool:
    """Whether any of the collections has a vector of this kind."""
    return any(len(_sample(pk, model, kind).vectors) for pk in collections)


def some(collection_id: int, model: EmbeddingModel, kind: str) -> NDArray[np.float32]:
    """Up to PAIRED vectors of this kind, (n, dimension), at length 1."""
    return _sample(collection_id, model, kind).vectors[:PAIRED]


def _sample(collection_id: int, model: EmbeddingModel, kind: str = "") -> _Sample:
    key = (collection_id, model.pk, kind)
    now = time.monotonic()
    with _lock:
        kept = _kept.get(key)
        if kept and kept.until > now:
            _kept.move_to_end(key)
            return kept
    sample = _read(collection_id, model, now + SECONDS, kind)
    with _lock:
        _kept[key] = sample
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return sample


def _read(collection_id: int, model: EmbeddingModel, until: float, kind: str) -> _Sample:
    count, ids = _chosen(collection_id, model.pk, kind)
    rows = binary.read(
        "SELECT embedding FROM collections_app_vector WHERE passage_id = ANY(%s)"
        " AND model_id = %s AND vector_dims(embedding) = %s AND vector_norm(embedding) > 0",
        [ids, model.pk, model.dimension],
        {"vector": model.dimension},
    )
    vectors = rows["vector"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return _Sample(count, vectors, until, _chance(vectors))


def _chance(vectors: NDArray[np.float32]) -> float:
    """The cosine that CHANCE of the pairs of the first PAIRED vectors stay below."""
    some = vectors[:PAIRED]
    pairs = (some @ some.T)[np.triu_indices(len(some), 1)]
    return float(np.quantile(pairs, CHANCE)) if len(pairs) else 0.0


CHOSEN = """
SELECT count(*) OVER (), id FROM collections_app_passage passage
WHERE collection_id = %s AND model_id = %s {of_kind} ORDER BY hashint8(id), id LIMIT %s
"""
OF_KIND = """AND EXISTS (
    SELECT FROM collections_app_document document
    WHERE document.id = passage.document_id AND {condition}
)"""


def _chosen(collection_id: int, model_id: int, kind: str) -> tuple[int, list[int]]:
    """The number of passages, and up to SAMPLE of them spread evenly by hash."""
    key = f"vector-sample:{collection_id}:{model_id}:{kind}"
    statement = CHOSEN.format(of_kind=OF_KIND.format(condition=CONDITIONS[kind]) if kind else "")
    chosen: tuple[int, list[int]] | None = cache.get(key)
    if chosen is None or len(chosen[1]) < SAMPLE:  # a small collection may have grown since
        with connection.cursor() as cursor:
            cursor.execute(statement, [collection_id, model_id, SAMPLE])
            rows = cursor.fetchall()
        chosen = (rows[0][0] if rows else 0, [pk for _count, pk in rows])
        cache.set(key, chosen, CHOICE_SECONDS)
    return chosen
