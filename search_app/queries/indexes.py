"""Partial HNSW indexes: one for each large collection and its model."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import Error, connection

from collections_app.models import ModelChange
from search_app.queries import locks
from search_app.queries.briefly import Briefly

logger = logging.getLogger(__name__)

LARGEST_DIMENSION = 4000  # of halfvec under HNSW
NAME = "vector_hnsw_{collection}_{model}"
# How many neighbours each vector keeps, and how widely they are looked for: with the defaults of
# pgvector (16, 64) whole groups of vectors are out of reach in some collections.
GRAPH = "m = 16, ef_construction = 200"
KEPT_UP = list(ModelChange.KEPT_UP)


# Models that collections are searched under, and those kept beside them while one changes: a
# next model's index is built once all its vectors are there.
USED = """
WITH used AS (
    SELECT id AS collection_id, embedding_model_id AS model_id
    FROM collections_app_collection WHERE owner_id IS NOT NULL
    UNION
    SELECT change.collection_id, change.beside_id
    FROM collections_app_modelchange change
    JOIN collections_app_collection c ON c.id = change.collection_id AND c.owner_id IS NOT NULL
    WHERE change.state = ANY(%(kept_up)s) AND (change.state <> 'building' OR NOT EXISTS (
        SELECT FROM collections_app_shadow shadow
        WHERE shadow.change_id = change.id AND shadow.state = 'queued'
    ) OR EXISTS (SELECT FROM pg_class WHERE relname = format(
        'vector_hnsw_%%s_%%s', change.collection_id, change.beside_id
    )))
)
"""


@dataclass(frozen=True)
class Target:
    """What an index is for."""

    collection_id: int
    model_id: int
    dimension: int

    @property
    def name(self) -> str:
        return NAME.format(collection=self.collection_id, model=self.model_id)


_seen: Briefly[int] = Briefly()  # (collection, model): rows in its index


def ready(collection_ids: Sequence[int], model_id: int) -> dict[int, int]:
    """Collection id -> rows in its index, for those whose index can be used now."""
    seen = {pk: _seen.get((pk, model_id)) for pk in collection_ids}
    found = {pk: rows for pk, rows in seen.items() if rows is not None}
    if left := [pk for pk in collection_ids if pk not in found]:
        looked = _looked_up(left, model_id)
        found |= {pk: _seen.keep((pk, model_id), rows) for pk, rows in looked.items()}
    return found


def _looked_up(collection_ids: Sequence[int], model_id: int) -> dict[int, int]:
    names = {NAME.format(collection=pk, model=model_id): pk for pk in collection_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, greatest(c.reltuples, 1)::bigint FROM pg_class c"
            " JOIN pg_index i ON i.indexrelid = c.oid"
            " WHERE c.relname = ANY(%s) AND i.indisvalid AND i.indisready",
            [list(names)],
        )
        return {names[name]: rows for name, rows in cursor.fetchall()}


def missing(threshold: int) -> list[Target]:
    """Collections of `threshold` passages or more that have no index under a model in use."""
    with connection.cursor() as cursor:
        cursor.execute(
            USED  # noqa: S608 - constants alone
            + "SELECT used.collection_id, m.id, m.dimension FROM used"
            " JOIN collections_app_embeddingmodel m ON m.id = used.model_id"
            " JOIN collections_app_vector v ON v.collection_id = used.collection_id"
            " AND v.model_id = m.id WHERE m.dimension <= %(largest)s"
            " GROUP BY used.collection_id, m.id HAVING count(*) >= %(threshold)s ORDER BY 1, 2",
            {"largest": LARGEST_DIMENSION, "threshold": threshold, "kept_up": KEPT_UP},
        )
        targets = [Target(*row) for row in cursor.fetchall()]
    return [t for t in targets if not ready([t.collection_id], t.model_id)]


def orphans() -> list[str]:
    """Names of indexes whose collection is gone or has no use for their model any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            USED  # noqa: S608 - constants alone
            + "SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
            " WHERE i.indrelid = 'collections_app_vector'::regclass"
            r" AND c.relname LIKE 'vector\_hnsw\_%%' AND c.relname NOT IN ("
            "SELECT format('vector_hnsw_%%s_%%s', collection_id, model_id) FROM used) ORDER BY 1",
            {"kept_up": KEPT_UP},
        )
        return [row[0] for row in cursor.fetchall()]


def maintain(threshold: int) -> None:
    """Drop what nobody uses and build what is missing, one worker at a time.

    May not run inside a transaction.
    """
    with locks.only_one("vector indexes") as mine:
        if not mine:
            return
        for name in orphans():
            drop(name)
        for target in missing(threshold):
            try:
                build(target)
            except Error:  # one that cannot be built keeps no other from its index
                logger.exception("The index %s cannot be built.", target.name)


def build(target: Target) -> None:
    """Build without blocking writers; what a broken build left behind is dropped first.

    May not run inside a transaction.
    """
    _seen.clear()
    quoted = connection.ops.quote_name(target.name)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {quoted}")
        cursor.execute(
            f"CREATE INDEX CONCURRENTLY {quoted} ON collections_app_vector USING hnsw"
            f" ((embedding::halfvec({int(target.dimension)})) halfvec_cosine_ops) WITH ({GRAPH})"
            f" WHERE collection_id = {int(target.collection_id)}"
            f" AND model_id = {int(target.model_id)}"
        )


def drop(name: str) -> None:
    """Drop an index without blocking readers. May not run inside a transaction."""
    _seen.clear()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {connection.ops.quote_name(name)}")
