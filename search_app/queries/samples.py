"""How the cosines of a collection's vectors with any other lie: told by the moments of a sample."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from collections_app.models import EmbeddingModel
from search_app.analysis.fusion import Spread
from search_app.queries import binary

SAMPLE = 16_000  # passages: the deviation of a cosine is told to within a hundredth
AT_ONCE = 2000  # of them in memory
KEPT = 64 << 20  # bytes of them in this process: 110 large collections at 384 numbers
# So long they are kept, by how many passages there are: few may be the beginning of an import.
FEW_SECONDS, SECONDS, LONG = 30, 600, 24 * 3600


@dataclass(frozen=True)
class _Sample:
    """What is left of n vectors of length 1: for any unit vector, the mean of its cosines with
    them is `mean @ unit`, and the mean of their squares `unit @ squares @ unit`. Fewer vectors
    than they have numbers are kept themselves, as `squares`."""

    count: int  # passages of the collection
    taken: int  # n
    mean: NDArray[np.float32]  # (dimension,)
    squares: NDArray[np.float32]  # (dimension, dimension), or (n, dimension)
    chance: float  # cosine that CHANCE of all pairs of them stay below

    def spread(self, unit: NDArray[np.float32]) -> Spread:
        mean = float(self.mean @ unit)
        if self.taken < len(unit):
            square = float(np.square(self.squares @ unit).mean())
        else:
            square = float(unit @ self.squares @ unit)
        return Spread(self.count, mean, max(square - mean**2, 0.0))

    @property
    def seconds(self) -> int:
        if self.taken < PAIRED:
            return FEW_SECONDS
        return SECONDS if self.taken < SAMPLE else LONG


TEXT, PICTURE = "text", "picture"  # kinds of passages, under a model that takes both
CONDITIONS = {
    TEXT: "NOT starts_with(document.format, 'image/')",
    PICTURE: "starts_with(document.format, 'image/')",
}
CHANCE = 0.95
PAIRED = 400  # passages that are paired with each other
FEW = 50  # passages whose pairs tell little of chance: they may all be on one matter
USUAL = 0.35  # the most that chance brings by such few, of texts


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


def line(collections: Sequence[int], model: EmbeddingModel, kind: str = "") -> float:
    """The least cosine of a good match: `cutoff`, of the collections with more than a few passages
    where there are any; else `USUAL` at most."""
    if model.takes_pictures:
        return cutoff(collections, model, kind)
    large = [pk for pk in collections if passages(pk, model, kind) >= FEW]
    return cutoff(large, model, kind) if large else min(cutoff(collections, model, kind), USUAL)


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


def _sample(collection_id: int, model: EmbeddingModel, kind: str = "") -> _Sample:
    key = (collection_id, model.pk, kind)
    now = time.monotonic()
    with _lock:
        until, kept = _kept.get(key, (0.0, None))
        if kept and until > now:
            _kept.move_to_end(key)
            return kept
    sample = _read(collection_id, model, kind)
    with _lock:
        _kept[key] = now + sample.seconds, sample
        _kept.move_to_end(key)
        while sum(one.squares.nbytes for _until, one in _kept.values()) > KEPT and len(_kept) > 1:
            _kept.popitem(last=False)
    return sample


def _read(collection_id: int, model: EmbeddingModel, kind: str) -> _Sample:
    count, ids = _chosen(collection_id, model.pk, kind, SAMPLE)
    units = _units(ids[:AT_ONCE], model)
    chance = _chance(units)
    if len(ids) <= AT_ONCE and len(units) < model.dimension:
        mean = units.mean(axis=0) if len(units) else np.zeros(model.dimension, np.float32)
        return _Sample(count, len(units), mean, units, chance)
    taken, total, squares = _moments(units)
    for start in range(AT_ONCE, len(ids), AT_ONCE):
        more = _moments(_units(ids[start : start + AT_ONCE], model))
        taken, total, squares = taken + more[0], total + more[1], squares + more[2]
    mean, squares = (total / taken).astype(np.float32), (squares / taken).astype(np.float32)
    return _Sample(count, taken, mean, squares, chance)


def _moments(units: NDArray[np.float32]) -> tuple[int, NDArray[Any], NDArray[Any]]:
    """Of vectors (n, dimension): n, their sum (dimension,) and that of their outer products."""
    return len(units), units.sum(axis=0, dtype=np.float64), (units.T @ units).astype(np.float64)


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
