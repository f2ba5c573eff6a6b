"""Following what is near: new documents are compared with interests, each of them once.

A worker does it after documents have been indexed, and the sweep makes up for lost calls. What a
reader gets is cut down to what the owner of the interest may see at that moment.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np

from collections_app import vectors
from collections_app.batches import batched
from collections_app.encoders import ModelMissing
from collections_app.models import Collection, Document, EmbeddingModel, Viewer
from collections_app.services import Rejected
from search_app import calibration
from search_app.asking import Asked, understood, visible
from search_app.models import Interest, InterestMatch
from search_app.queries import documents, filters, newcomers, samples
from search_app.queries.samples import PICTURE, TEXT
from search_app.queries.scope import Scope
from search_app.ranking import rank

logger = logging.getLogger(__name__)

# A commit is seen some time after the moment that its documents are ready by: look back.
OVERLAP = timedelta(minutes=2)
CHUNK = 500  # documents that are compared at once
MOST = 200  # interests of one user
ENOUGH = 20  # passages of a collection that tell where chance ends in it
CHANCE = 0.15  # where it ends as long as nothing tells

Found = tuple[int, float, int]  # document, nearness, ordinal of its nearest passage


def places(interest: Interest) -> list[Collection]:
    """Where an interest looks: what its owner may see of it now."""
    owner = interest.owner
    if not owner.is_active:
        return []
    found = visible(owner, interest.collection)
    if interest.kind == Interest.Kind.DOCUMENT:
        model = _model_of(interest.document, owner)
        found = [one for one in found if one.embedding_model_id == model]
    return found


def threshold(interest: Interest, collections: Sequence[Collection]) -> float:
    """The least that a document must reach in any of these places."""
    if interest.threshold is not None:
        return interest.threshold
    found = [_least(interest, one, collections, is_picture=False) for one in collections]
    return min(found, default=0.0)


def _least(
    interest: Interest, home: Collection, places: Sequence[Collection], *, is_picture: bool
) -> float:
    """What a document of this collection must reach: by default where chance ends there. With too
    few passages to tell, that of the other places under its model counts."""
    if interest.threshold is not None:
        return interest.threshold
    model = home.embedding_model
    kind = (PICTURE if is_picture else TEXT) if model.takes_pictures else ""
    followed = interest.document
    asked = PICTURE if followed and followed.format.startswith("image/") else TEXT
    telling = [home.pk]
    if samples.passages(home.pk, model, kind) < ENOUGH:
        like = [one.pk for one in places if one.embedding_model_id == model.pk]
        telling = [pk for pk in like if samples.passages(pk, model, kind) >= ENOUGH]
    cutoff = calibration.cutoff(telling or [home.pk], model, asked=asked, found=kind)
    return cutoff or CHANCE


def compare(interest: Interest) -> int:
    """Look at what came in since the last time; how many documents are new matches.

    Where the model is not there, nothing is marked as seen: the next call tries again.
    """
    began = newcomers.now()
    collections = places(interest)
    new = newcomers.newcomers(interest, collections, interest.seen - OVERLAP)
    count = 0
    try:
        for chunk in batched(list(new.values_list("pk", "collection")), CHUNK):
            made = InterestMatch.objects.bulk_create(
                [
                    InterestMatch(interest=interest, document_id=pk, score=score, ordinal=ordinal)
                    for pk, score, ordinal in _near(interest, collections, chunk)
                ],
                ignore_conflicts=True,
            )
            count += len(made)
    except ModelMissing as error:
        logger.warning("The interest %d cannot be compared: %s", interest.pk, error)
        return count
    except Rejected as error:  # a filter on a field that no document has any more
        logger.info("The interest %d finds nothing: %s", interest.pk, error)
    Interest.objects.filter(pk=interest.pk, seen__lt=began).update(seen=began)
    return count


def behind() -> list[int]:
    """Ids of interests that have not been compared with the last documents of their places."""
    rows = Interest.objects.filter(owner__is_active=True).values_list("pk", "collection", "seen")
    waiting = list(rows)
    if not waiting:
        return []
    latest = newcomers.latest()
    newest = max(latest.values(), default=None)
    found = []
    for pk, collection, seen in waiting:
        last = latest.get(collection) if collection else newest
        if last is not None and last > seen - OVERLAP:
            found.append(pk)
    return found


def concerned(collection_id: int) -> list[int]:
    """Ids of the interests that look at this collection, as far as its owner and its visibility
    let them."""
    home = Collection.objects.filter(pk=collection_id).first()
    if home is None:
        return []
    rows = Interest.objects.filter(collection=home) | Interest.objects.filter(collection=None)
    if home.visibility != Collection.Visibility.PUBLIC:
        rows = rows.filter(owner=home.owner)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _near(
    interest: Interest, collections: Sequence[Collection], new: Sequence[tuple[int, int]]
) -> Iterator[Found]:
    """Those of the new documents, (document, collection), that are near enough."""
    least: dict[tuple[int, bool], float] = {}
    home_of = dict(new)
    pictures = newcomers.pictures(list(home_of))
    known = {one.pk: one for one in collections}
    found = _searched if interest.kind == Interest.Kind.SEARCH else _measured
    homes = {collection for _document, collection in new}
    there = [one for one in collections if one.pk in homes]
    for pk, score, ordinal in found(interest, there, [document for document, _home in new]):
        key = (home_of[pk], pk in pictures)
        if key not in least:
            home = known[home_of[pk]]
            least[key] = _least(interest, home, collections, is_picture=key[1])
        if score >= least[key]:
            yield pk, round(score, 6), ordinal


def _searched(
    interest: Interest, collections: Sequence[Collection], new: Sequence[int]
) -> Iterator[Found]:
    """The search over these documents alone, their best passages; as in a search, holding its
    words adds to the cosine."""
    owner = interest.owner
    asked = understood(owner, interest.text, interest.collection, interest.filters)
    new = _passing(asked, new)
    for model in {one.embedding_model for one in collections}:
        rows = newcomers.passages(new, model)
        homes = [one for one in collections if one.embedding_model_id == model.pk]
        if not len(rows):
            continue
        if not asked.query.text:  # filters alone: what passes them is what was asked for
            firsts = {int(pk): ordinal for _passage, pk, ordinal in rows[::-1].tolist()}
            yield from ((pk, 1.0, ordinal) for pk, ordinal in firsts.items())
            continue
        ids = tuple(one.pk for one in homes)
        scope = Scope(ids, np.sort(rows[:, 0]))
        scored = rank(homes, asked.query.text, left=scope, depth=len(rows))
        ordinals = dict(zip(rows[:, 0].tolist(), rows[:, 2].tolist(), strict=True))
        best: dict[int, Found] = {}
        for one in scored:
            mine = (one.document_id, one.evidence, ordinals[one.passage_id])
            best[one.document_id] = max(best.get(one.document_id, mine), mine, key=_score)
        yield from best.values()


def _score(found: Found) -> float:
    return found[1]


def _passing(asked: Asked, new: Sequence[int]) -> list[int]:
    """Those of the documents that meet the conditions of a search."""
    if asked.condition is None:
        return list(new)
    return filters.among(new, asked.condition)


def _measured(
    interest: Interest, collections: Sequence[Collection], new: Sequence[int]
) -> Iterator[Found]:
    """Each document by its passage that is nearest to the document or the text followed."""
    for model in {one.embedding_model for one in collections}:
        vector = _vector(interest, model)
        rows = newcomers.passages(new, model)
        if vector is None or not len(rows):
            continue
        cosines = newcomers.cosines(rows[:, 0], model, vector)
        order = np.lexsort((rows[:, 0], -np.nan_to_num(cosines, nan=-2.0)))
        _documents, first = np.unique(rows[order, 1], return_index=True)
        for place in order[first].tolist():
            if not np.isnan(cosines[place]):
                _passage, pk, ordinal = rows[place].tolist()
                yield pk, float(cosines[place]), ordinal


def _vector(interest: Interest, model: EmbeddingModel) -> np.ndarray | None:
    if interest.kind == Interest.Kind.DOCUMENT:
        return documents.vector_of(interest.document) if interest.document else None
    found: np.ndarray = vectors.embed(model, [interest.text], "passage")[0]
    return found


def _model_of(document: Document | None, owner: Viewer) -> int | None:
    """The model of a followed document; None where the owner may not see it any more."""
    if document is None:
        return None
    rows = Document.objects.visible_to(owner).filter(pk=document.pk)
    return rows.values_list("collection__embedding_model", flat=True).first()
