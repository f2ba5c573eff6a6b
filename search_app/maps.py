"""Maps: asked for, read as one block of numbers, and documents chosen on them."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from collections_app import services
from collections_app.batches import batched
from collections_app.models import Collection, Document, Viewer, long_columns
from collections_app.services import Incoming, Rejected
from collections_app.wake import call_on_commit
from search_app import tasks
from search_app.analysis import layout, packing, projection
from search_app.asking import understood
from search_app.leases import FRESH
from search_app.models import Cluster, ClusterMember, CollectionMap
from search_app.placing import build
from search_app.queries import points
from search_app.search import best_documents, left_of

__all__ = ["Chosen", "build", "chosen", "copy", "map_of", "packed", "request", "rows"]

HITS = 200  # of a search that light up,
NEAREST = 10  # or so many where none of them is really near
MOST_COPIED = 5000  # documents into a new collection at once
CHUNK = 1000
NO_CLUSTER = 65_535


def request(collection: Collection, method: str = CollectionMap.Method.PCA) -> CollectionMap:
    """Ask for a map; a worker makes it. The one there is stays until then.

    Raises Rejected for UMAP where its library is not installed.
    """
    if method == CollectionMap.Method.UMAP and not layout.installed():
        raise Rejected(
            _("UMAP is not installed. Install it with: pip install -r requirements-umap.txt")
        )
    with transaction.atomic():
        wish, _created = CollectionMap.objects.update_or_create(
            collection=collection, defaults=FRESH | {"requested": Now(), "method": method}
        )
        call_on_commit(tasks.build_map, collection.pk)
    wish.refresh_from_db()
    return wish


def map_of(user: Viewer, collection: Collection) -> CollectionMap | None:
    """What was asked for in a collection the user may see, and how it stands."""
    visible = Collection.objects.visible_to(user)
    rows = CollectionMap.objects.filter(collection=collection, collection__in=visible)
    return rows.defer("mean", "first", "second").first()


def packed(user: Viewer, collection: Collection) -> bytes:
    """All points as `analysis.packing` has it: `id` (each one's distance from the one before),
    `x`, `y` and `cluster`, a place in the header's `clusters` or NO_CLUSTER."""
    if not Collection.objects.visible_to(user).filter(pk=collection.pk).exists():
        return packing.pack({"clusters": [], "checksum": 0}, {})
    found = points.read(collection)
    ids = found["id"].astype(np.int64)
    groups = list(_clusters(collection))
    labels = _places(found["cluster"].astype(np.int64), [one.pk for one in groups])
    places = np.stack([found["x"], found["y"]], axis=1).astype(np.int32)
    spots = projection.densest(places, labels.astype(np.int32), len(groups)).tolist()
    named = [
        {"id": one.pk, "name": one.name, "size": one.size, "at": at}
        for one, at in zip(groups, spots, strict=True)
    ]
    arrays: dict[str, np.ndarray] = {
        "id": np.diff(ids, prepend=0).astype(np.uint32),
        "x": places[:, 0].astype(np.uint16),
        "y": places[:, 1].astype(np.uint16),
        "cluster": np.where(labels < 0, NO_CLUSTER, labels).astype(np.uint16),
    }
    return packing.pack({"clusters": named, "checksum": checksum(ids)}, arrays)


def checksum(ids: np.ndarray) -> int:
    """Tells whether two answers are about the same points."""
    return zlib.crc32(ids.astype("<i8").tobytes())


def _clusters(collection: Collection) -> Any:
    return Cluster.objects.of(collection)


def _places(values: np.ndarray, known: Sequence[int]) -> np.ndarray:
    """Where each of the values stands in `known`; -1 for those that do not."""
    if not known:
        return np.full(len(values), -1)
    order = np.argsort(known)
    ordered = np.asarray(known)[order]
    at = np.minimum(np.searchsorted(ordered, values), len(known) - 1)
    return np.where(ordered[at] == values, order[at], -1)


@dataclass(frozen=True)
class Chosen:
    """Documents of a map: `ids` of one page, how many there are in `total`, and where a text
    ranks them, each one's cosine with it. Not `good`:
    none of them is really near the text."""

    ids: list[int]
    total: int
    cosines: dict[int, float | None] = field(default_factory=dict)
    good: bool = True


def chosen(
    user: Viewer,
    collection: Collection,
    text: str = "",
    wanted: Sequence[str] = (),
    limit: int | None = None,
    offset: int = 0,
) -> Chosen:
    """Those that a text finds, the best first, up to HITS, or all in the order of their numbers;
    `wanted` are filters as `search` has them. Raises Rejected and ModelMissing."""
    if not Collection.objects.visible_to(user).filter(pk=collection.pk).exists():
        return Chosen([], 0)
    asked = understood(user, text, collection, wanted) if text or wanted else None
    if asked and asked.query.text:
        best, _all = best_documents(asked, left_of(asked), None, None, HITS)
        good = [one for one in best if one.good][:HITS]
        hits = good or best[:NEAREST]
        end = None if limit is None else offset + limit
        cosines = {one.document_id: one.cosine for one in hits}
        return Chosen(list(cosines)[offset:end], len(hits), cosines, bool(good) or not best)
    condition = asked.condition if asked else None
    ids = points.chosen(collection, condition, limit, offset)
    return Chosen(ids, points.count(collection, condition))


def rows(ids: Sequence[int], *, whole: bool = False) -> list[Document]:
    """These documents in this order with their points and clusters; `whole` with metadata."""
    found = Document.objects.select_related("map_point").defer(
        *([name for name in long_columns() if name != "metadata"] if whole else long_columns())
    )
    by_id = found.in_bulk(list(ids))
    members = ClusterMember.objects.filter(document__in=by_id, depth=0, cluster__isnull=False)
    rows = members.select_related("cluster").defer("cluster__centroid")
    placed = {member.document_id: member for member in rows}
    for pk, document in by_id.items():
        document.cluster_member = placed.get(pk)  # type: ignore[attr-defined]
    return [by_id[pk] for pk in ids if pk in by_id]


def exported(found: Chosen) -> Iterator[dict[str, Any]]:
    """Everything there is to say of each chosen document, a chunk at a time."""
    for chunk in batched(found.ids, CHUNK):
        for document in rows(chunk, whole=True):
            point = getattr(document, "map_point", None)
            member = document.cluster_member  # type: ignore[attr-defined]
            yield {
                "document": document.pk,
                "id": document.external_id,
                "title": str(document),
                "url": document.get_absolute_url(),
                "x": point and point.x,
                "y": point and point.y,
                "cluster": member and member.cluster.name,
                "score": found.cosines.get(document.pk),
                "added": document.created.isoformat(),
                "metadata": document.metadata,
            }


def copy(
    user: User, collection: Collection, name: str, text: str = "", wanted: Sequence[str] = ()
) -> tuple[Collection, services.AddResult]:
    """A new collection of the user's with copies of what is chosen; vectors are used again.

    Raises Rejected where nothing is chosen, or more than MOST_COPIED, and for a bad name.
    """
    found = chosen(user, collection, text, wanted)
    if not found.ids:
        raise Rejected(_("Nothing is chosen. Draw around some points first."))
    if len(found.ids) > MOST_COPIED:
        raise Rejected(
            _("These are %(number)d documents; the most that are copied at once is %(most)d.")
            % {"number": len(found.ids), "most": MOST_COPIED}
        )
    made = services.create_collection(
        user, name, language=collection.language, model=collection.embedding_model
    )
    result = services.add_documents(made, (_copied(one) for one in _whole(found.ids)))
    return made, result


def _whole(ids: Sequence[int]) -> Iterator[Document]:
    for chunk in batched(list(ids), CHUNK // 10):
        yield from Document.objects.select_related("blob").filter(pk__in=chunk).order_by("pk")


def _copied(document: Document) -> Incoming:
    return Incoming(
        document.external_id,
        body=document.source_text,
        blob=document.blob,
        title=document.title,
        media_type=document.media_type,
        metadata=document.metadata,
    )
