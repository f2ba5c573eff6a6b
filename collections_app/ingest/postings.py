"""Keyword postings go in with the passages they are of, in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from collections_app.copying import copy_rows
from collections_app.models import PostingList
from collections_app.pipeline.postings import Packed, counted


class Termed(NamedTuple):
    """A passage with how often each term stands in it."""

    collection_id: int
    passage_id: int
    terms: Mapping[str, int]


def write(model_id: int, passages: Iterable[Termed]) -> None:
    """Lists of new passages, split for this model; in the caller's transaction."""
    pools: dict[int, list[tuple[int, Mapping[str, int]]]] = defaultdict(list)
    for one in passages:
        pools[one.collection_id].append((one.passage_id, one.terms))
    for collection_id, pool in sorted(pools.items()):
        copy(collection_id, model_id, counted(pool))


def copy(collection_id: int, model_id: int, lists: Iterable[Packed]) -> None:
    """Lists as they are, into the table."""
    copy_rows(
        PostingList,
        "collection_id model_id term first count data",
        "int8 int8 text int8 int4 bytea",
        ((collection_id, model_id, *one) for one in lists),
    )
