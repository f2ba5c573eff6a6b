"""Pictures by words, by a picture or by one another; and what phrases say of a picture."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.models import Collection, Document, EmbeddingModel, Viewer
from collections_app.pipeline import pictures as copying
from collections_app.pipeline.extract import Limits, Unreadable
from collections_app.services import Rejected
from search_app import calibration
from search_app.asking import checked, conditions
from search_app.hits import passages_by_id
from search_app.queries import documents, facets, filters, kinds, narrowing, orders, samples
from search_app.queries.facets import Facet
from search_app.queries.kinds import PICTURE, TEXT
from search_app.queries.scope import Condition
from search_app.queries.vectors import nearest

WIDE = 500  # of the nearest: what another order is made of, and what is counted
KEPT_SECONDS = 24 * 3600  # a picture that was asked with
MOST_PHRASES, MOST_CHARS = 100, 300
PRICE = "price"  # the key of the metadata that "cheaper" goes by


@dataclass(frozen=True)
class Look:
    """What is looked for: its vector under the collection's model, and its kind."""

    vector: np.ndarray
    kind: str
    document: Document | None = None  # left out of what is found


@dataclass(frozen=True)
class Tile:
    """A document, and how near it is (None where nothing was asked); `good`: it is no chance."""

    document: Document
    score: float | None
    good: bool = True

    @property
    def alt(self) -> str:
        return alt_text(self.document)

    @property
    def price(self) -> float | None:
        found = self.document.metadata.get(PRICE)
        return found if type(found) in (int, float) else None


@dataclass(frozen=True)
class Found:
    """Pictures of one page out of `total`, the best texts, and counts to narrow down by."""

    pictures: list[Tile]
    total: int
    texts: list[Tile]
    facets: list[Facet]

    @property
    def good_match(self) -> bool:
        return not self.pictures or any(one.good for one in (*self.pictures, *self.texts))


@dataclass(frozen=True)
class Kept:
    """A picture that somebody asks with: its vector under a model, and a small copy of it."""

    model: int
    vector: bytes
    thumbnail: bytes


@dataclass(frozen=True)
class Phrase:
    """How near a phrase is to a picture, and its share of 1 among the phrases."""

    text: str
    cosine: float
    share: float


def alt_text(document: Document) -> str:
    """For those who cannot see it: what its metadata says, or else what it is called."""
    for name in ("alt", "caption", "description"):
        if isinstance(found := document.metadata.get(name), str) and found.strip():
            return found.strip()
    return str(document)


def by_text(collection: Collection, text: str) -> Look:
    """Raises Rejected and ModelMissing."""
    return Look(vectors.embed_query(collection.embedding_model, checked(text)), TEXT)


def by_document(document: Document) -> Look:
    """Raises Rejected while it has no vector."""
    vector = documents.vector_of(document)
    if vector is None:
        raise Rejected(_("“%(name)s” has not been embedded yet.") % {"name": document})
    is_picture = document.format in copying.FORMATS
    return Look(vector, PICTURE if is_picture else TEXT, document)


def by_picture(model: EmbeddingModel, data: bytes) -> Look:
    """Of the bytes of any picture. Raises Rejected for what is none, and ModelMissing."""
    return Look(vectors.embed_pictures(model, [_copied(data).served])[0], PICTURE)


def keep(model: EmbeddingModel, data: bytes) -> str:
    """A name under which the picture can be asked with for a day. Raises likewise."""
    copies = _copied(data)
    vector = vectors.embed_pictures(model, [copies.served])[0]
    name = secrets.token_urlsafe(24)
    kept = Kept(model.pk, vector.astype("<f4").tobytes(), copies.thumbnail)
    cache.set(f"asked-picture:{name}", kept, KEPT_SECONDS)
    return name


def kept(name: str) -> Kept | None:
    found: Kept | None = cache.get(f"asked-picture:{name}")
    return found


def by_kept(model: EmbeddingModel, name: str) -> Look:
    """Raises Rejected for one that is not kept any more, or was for another model."""
    found = kept(name)
    if found is None or found.model != model.pk:
        raise Rejected(_("This picture is not kept any more. Choose it again."))
    return Look(np.frombuffer(found.vector, "<f4"), PICTURE)


def find(
    user: Viewer,
    collection: Collection,
    look: Look | None,
    *,
    wanted: Sequence[str] = (),
    sort: str = "",
    limit: int = 24,
    offset: int = 0,
    texts: int = 5,
) -> Found:
    """Pictures nearest to what is looked for, or in the order `sort` out of the nearest; all of
    them where nothing is. `wanted` are filters, `field:value`. Raises Rejected."""
    if not collection.is_visible_to(user):
        return Found([], 0, [], [])
    asked = conditions(user, collection, wanted)
    by = orders.order(sort, [collection.pk])
    if look is None:
        return _listed(collection, asked, by, limit, offset)
    best = _nearest(collection, look, PICTURE, asked, max(WIDE, offset + limit))
    best = _ordered(best, by)
    page = best[offset : offset + limit]
    near_texts = _nearest(collection, look, TEXT, asked, texts) if texts else []
    counted = facets.facets([one.document.pk for one in best[:WIDE]])
    return Found(page, len(best), near_texts, counted)


def cheaper(document: Document) -> str:
    """The filter for less than what it costs; empty where it has no price."""
    price = Tile(document, None).price
    return "" if price is None else f"{PRICE}:<{price:.15g}"


def percentages(model: EmbeddingModel, look: Look, phrases: Sequence[str]) -> list[Phrase]:
    """Each phrase's cosine with the picture, and the softmax of all of them times the model's
    own scale (its temperature, Radford et al. 2021), highest first.

    The shares tell only how the phrases stand to each other: they add up to 1 even where none
    of them fits. Raises Rejected and ModelMissing.
    """
    texts = list(dict.fromkeys(text for one in phrases if (text := " ".join(one.split()))))
    if not texts:
        raise Rejected(_("There are no phrases. Write one on each line."))
    if len(texts) > MOST_PHRASES or max(map(len, texts)) > MOST_CHARS:
        raise Rejected(
            _("At most %(phrases)d phrases can be compared, of %(chars)d characters each.")
            % {"phrases": MOST_PHRASES, "chars": MOST_CHARS}
        )
    made = vectors.embed(model, [text.replace("\x00", " ") for text in texts], "query")
    lengths = np.linalg.norm(made, axis=1) * np.linalg.norm(look.vector)
    cosines = (made @ look.vector) / np.maximum(lengths, 1e-12)
    logits = vectors.picture_encoder(model).scale * cosines.astype(np.float64)
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    rows = zip(texts, cosines.tolist(), shares.tolist(), strict=True)
    return sorted((Phrase(*row) for row in rows), key=lambda one: -one.cosine)


def _copied(data: bytes) -> copying.Copies:
    """Decoded in the sandbox, upright, without what a camera wrote."""
    if not copying.media_type(data):
        raise Rejected(_("This is no picture. Choose a PNG, JPEG, GIF, WebP, TIFF or BMP file."))
    try:
        return copying.copies(data, Limits(settings.EXTRACT_MEMORY_MB, settings.EXTRACT_SECONDS))
    except Unreadable as error:
        raise Rejected(str(error)) from error


def _nearest(
    collection: Collection, look: Look, kind: str, asked: Condition | None, limit: int
) -> list[Tile]:
    model = collection.embedding_model
    if not samples.has([collection.pk], model, kind):
        return []
    scope = kinds.narrowed(narrowing.scope([collection.pk], asked), kind)
    found = nearest(scope, model, look.vector, limit + 1)
    rows = passages_by_id(found.passages.tolist(), [collection])
    cutoff = calibration.cutoff([collection.pk], model, asked=look.kind, found=kind)
    tiles: dict[int, Tile] = {}  # a text may be found by several passages
    for pk, cosine in zip(found.passages.tolist(), found.cosines.tolist(), strict=True):
        document = rows[pk].document if pk in rows else None
        if document and document != look.document:
            tiles.setdefault(document.pk, Tile(document, cosine, cosine >= cutoff))
    return list(tiles.values())[:limit]


def _ordered(best: list[Tile], by: orders.Order | None) -> list[Tile]:
    """In another order; those that have nothing to be ordered by come last, as they are."""
    if by is None:
        return best
    values = orders.values([one.document.pk for one in best], by)
    having = [one for one in best if one.document.pk in values]
    having.sort(key=lambda one: values[one.document.pk], reverse=by.descending)
    return having + [one for one in best if one.document.pk not in values]


def _listed(
    collection: Collection,
    asked: Condition | None,
    by: orders.Order | None,
    limit: int,
    offset: int,
) -> Found:
    wanted = filters.all_of(asked, kinds.CONDITIONS[PICTURE])
    ids = [collection.pk]
    order = by or orders.Order(orders.ADDED, descending=True)
    passages = [passage for _pk, passage in orders.listed(ids, wanted, order, limit, offset)]
    rows = passages_by_id(passages, [collection])
    tiles = [Tile(rows[pk].document, None) for pk in passages if pk in rows]
    chosen = facets.chosen(ids, wanted)
    total = filters.count(ids, wanted, 100_000)
    return Found(tiles, total, [], facets.facets(chosen.ids))
