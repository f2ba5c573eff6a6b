"""How the cosines of a collection's vectors with any other lie: told by the moments of a sample."""

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

SAMPLE = 16_000  # passages: the deviation of a cosine is told to within a hundredth
AT_ONCE = 2000  # of them in memory
KEPT = 32 << 20  # bytes of moments in this process: 56 collections at 384 numbers
SECONDS = 600
LONG = 24 * 3600  # where there are more than SAMPLE, whose moments change little


@dataclass(frozen=True)
class _Sample:
    """What is left of n vectors of length 1: for any unit vector, the mean of its cosines with
    them is `mean @ unit`, and the mean of their squares `unit @ squares @ unit`."""

    count: int  # passages of the collection
    taken: int  # n
    mean: NDArray[np.float32]  # (dimension,)
    squares: NDArray[np.float32]  # (dimension, dimension)
    chance: float  # cosine that CHANCE of all pairs of them stay below

    def spread(self, unit: NDArray[np.float32]) -> Spread:
        mean = float(self.mean @ unit)
        return Spread(self.count, mean, max(float(unit @ self.squares @ unit) - mean**2, 0.0))


TEXT, PICTURE = "text", "picture"  # kinds of passages, under a model that takes both
CONDITIONS = {
    TEXT: "NOT starts_with(document.format, 'image/')",
    PICTURE: "starts_with(document.format, 'image/')",
}
CHANCE = 0.95
PAIRED = 400  # passages that are paired with each other


_kept: OrderedDict[tuple[int, int, str], tuple[float, _Sample]] = OrderedDict()
_lock = Lock()


def spreads(
    collections: Sequence[int], model: EmbeddingModel, vector: np.ndarray, kind: str = ""
) -> list[Spread]:
    """How the cosines with `vector` lie in each collection that has vectors, of this kind."""
    unit = vector / max(float(np.linalg.norm(vector)), 1e-12)
    found = []
    for pk in collections:
        sample = _sample(pk, model, kind)
        if sample.taken:
            found.append(sample.spread(unit.astype(np.float32, copy=False)))
    return found


def cutoff(collections: Sequence[int], model: EmbeddingModel, kind: str = "") -> float:
    """The least cosine that is a match rather than chance, over these collections.

    Passages taken at random mostly have nothing to do with each other: 95 of 100 pairs of them
    stay below it. That of the collection with the lowest counts; 0 where there are no vectors.
    """
    read = [_sample(pk, model, kind) for pk in collections]
    return min((one.chance for one in read if one.taken > 1), default=0.0)


def passages(collection_id: int, model: EmbeddingModel, kind: str = "") -> int:
    """How many passages of this kind the collection had when its sample was drawn."""
    return _sample(collection_id, model, kind).count


def has(collections: Sequence[int], model: EmbeddingModel, kind: str) -> bool:
    """Whether any of the collections has a vector of this kind."""
    return any(_sample(pk, model, kind).taken for pk in collections)


def some(collection_id: int, model: EmbeddingModel, kind: str) -> NDArray[np.float32]:
    """Up to PAIRED vectors of this kind, (n, dimension), at length 1."""
    _count, ids = _chosen(collection_id, model.pk, kind, PAIRED)
    return _units(ids, model)


def forget() -> None:
    """Read every sample anew from now on: a test's next one is not that of another's rows."""
    with _lock:
        keys = [_key(*key) for key in _kept]
        _kept.clear()
    cache.delete_many(keys)


def _key(collection_id: int, model_id: int, kind: str) -> str:
    return f"vector-moments:{collection_id}:{model_id}:{kind}"


def _sample(collection_id: int, model: EmbeddingModel, kind: str = "") -> _Sample:
    key = (collection_id, model.pk, kind)
    now = time.monotonic()
    with _lock:
        until, kept = _kept.get(key, (0.0, None))
        if kept and until > now:
            _kept.move_to_end(key)
            return kept
    sample: _Sample | None = cache.get(_key(*key))
    if sample is None:
        sample = _read(collection_id, model, kind)
        cache.set(_key(*key), sample, SECONDS if sample.taken < SAMPLE else LONG)
    with _lock:
        _kept[key] = now + SECONDS, sample
        while sum(one.squares.nbytes for _until, one in _kept.values()) > KEPT and len(_kept) > 1:
            _kept.popitem(last=False)
    return sample


def _read(collection_id: int, model: EmbeddingModel, kind: str) -> _Sample:
    count, ids = _chosen(collection_id, model.pk, kind, SAMPLE)
    total = np.zeros(model.dimension)
    squares = np.zeros((model.dimension, model.dimension))
    taken, chance = 0, 0.0
    for start in range(0, len(ids), AT_ONCE):
        units = _units(ids[start : start + AT_ONCE], model)
        taken += len(units)
        total += units.sum(axis=0, dtype=np.float64)
        squares += units.T @ units
        if not start:
            chance = _chance(units)
    n = max(taken, 1)
    return _Sample(
        count, taken, (total / n).astype(np.float32), (squares / n).astype(np.float32), chance
    )


def _units(ids: Sequence[int], model: EmbeddingModel) -> NDArray[np.float32]:
    """The vectors of these passages that have a direction, at length 1."""
    rows = binary.read(
        "SELECT embedding FROM collections_app_vector WHERE passage_id = ANY(%s)"
        " AND model_id = %s AND vector_dims(embedding) = %s AND vector_norm(embedding) > 0",
        [list(ids), model.pk, model.dimension],
        {"vector": model.dimension},
    )
    vectors: NDArray[np.float32] = rows["vector"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


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


def _chosen(collection_id: int, model_id: int, kind: str, limit: int) -> tuple[int, list[int]]:
    """The number of passages, and up to `limit` of them spread evenly by hash."""
    of_kind = OF_KIND.format(condition=CONDITIONS[kind]) if kind else ""
    with connection.cursor() as cursor:
        cursor.execute(CHOSEN.format(of_kind=of_kind), [collection_id, model_id, limit])
        rows = cursor.fetchall()
    return (rows[0][0] if rows else 0, [pk for _count, pk in rows])
