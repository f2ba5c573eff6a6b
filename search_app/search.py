"""Search by meaning and by words together, and plain similarity."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.intake.incoming import problem_with_metadata
from collections_app.models import Collection, Document, EmbeddingModel, Viewer
from collections_app.services import Rejected
from search_app.analysis.weights import Weights
from search_app.asking import Asked, checked, understood, visible
from search_app.hits import Hit, PassageHit, Results, Similar, hits, passage_hits, passages_by_id
from search_app.queries import alike, documents, facets, filters, orders
from search_app.queries.scope import Scope
from search_app.queries.vectors import nearest_documents
from search_app.ranking import DEPTH, Scored, rank

__all__ = [
    "DEEPEST", "Hit", "PassageHit", "Results", "Similar", "checked", "passages", "search", "similar"
]  # fmt: skip

DEEPEST = 1000  # documents that can be paged through
HITS_PER_PAGE = 20
DEPTHS = (DEPTH, 1000, 5000)  # passages from each leg, for pages further and further on
Groups = list[tuple[Scored, list[Scored]]]


def search(
    user: Viewer,
    text: str,
    *,
    collection: Collection | None = None,
    limit: int = 20,
    offset: int = 0,
    weights: Weights | None = None,
    model: EmbeddingModel | None = None,
    wanted: Sequence[str] = (),
    sort: str = "",
    balance: float | None = None,
    fold: bool = True,
    with_facets: bool = False,
) -> Results:
    """Documents by their best passage, best first, from what the user may see.

    `wanted` are filters, `field:value`; the text may have them too, and more of a syntax
    (`analysis.query`). What passes them all is found, the last of it by a deep enough page, up
    to DEEPEST. Without text, documents are listed by `sort`. `weights` take the place of those
    in force, `balance` shifts either; `model` takes the place of the collections' own, to look at
    the one that stands beside it. Raises Rejected and ModelMissing.
    """
    asked = understood(user, text, collection, wanted)
    by = orders.order(sort, [one.pk for one in asked.collections])
    if not asked.query.text:
        return _listed(asked, by or orders.Order(orders.ADDED, True), limit, offset, with_facets)
    best, exhausted = best_documents(_under(model, asked), weights, balance, offset + limit)
    groups = grouped(best, by, fold=fold)
    total, exact = len(groups), True
    if not exhausted:
        counted = filters.count(_ids(asked), asked.condition, DEEPEST + 1)
        total, exact = max(total, counted), counted <= DEEPEST
    return Results(
        hits(groups[offset : offset + limit], offset + 1),
        total,
        exact,
        asked,
        not best or any(one.good for one in best),
        facets.facets([one.document_id for one in best]) if with_facets else None,
        len(best) if with_facets else 0,
        with_facets and not exhausted and total > len(best),
    )


def passages(
    user: Viewer,
    text: str,
    *,
    collection: Collection | None = None,
    limit: int = 20,
    wanted: Sequence[str] = (),
) -> list[PassageHit]:
    """Passages best first, several of one document where they are that good. The text has no
    syntax; `wanted` are filters as `search` has them."""
    asked = understood(user, checked(text), collection, wanted, plain=True)
    return passage_hits(rank(asked.collections, asked.query.text, left=left_of(asked))[:limit])


def similar(
    user: Viewer,
    collection: Collection,
    *,
    text: str | None = None,
    document: Document | None = None,
    prefix: str = "",
    metadata: Mapping[str, Any] | None = None,
    limit: int = 10,
) -> list[Similar]:
    """Documents by cosine alone: of their best passage with the text, or with the mean of
    the document's own passages; that document is left out.

    `prefix` is what their ids begin with, `metadata` what theirs holds. Raises Rejected for a
    bad text, for metadata that no document can have, or for a document without a vector.
    """
    home = visible(user, collection)
    if not home or "\x00" in prefix or (document and document.collection_id != collection.pk):
        return []
    if message := problem_with_metadata(dict(metadata or {})):
        raise Rejected(message)
    model = home[0].embedding_model
    rows = nearest_documents(
        home[0].pk,
        model,
        _vector(document) if document else vectors.embed_query(model, checked(text or "")),
        limit,
        prefix=prefix,
        excluded=document.pk if document else 0,
        metadata=metadata,
    )
    found = passages_by_id(passage for _document, passage, _cosine in rows)
    return [
        Similar(found[passage].document, found[passage], cosine)
        for _document, passage, cosine in rows
        if passage in found
    ]


def _vector(document: Document) -> np.ndarray:
    vector = documents.vector_of(document)
    if vector is None:
        raise Rejected(_("This document has not been embedded yet. Try again in a moment."))
    return vector


def _ids(asked: Asked) -> list[int]:
    return [one.pk for one in asked.collections]


def _under(model: EmbeddingModel | None, asked: Asked) -> Asked:
    """The same with another model in the collections, which are not saved."""
    if model is not None:
        for one in asked.collections:
            one.embedding_model = model
    return asked


def left_of(asked: Asked) -> Scope | None:
    """What the conditions leave; None where there are none."""
    return filters.scope(_ids(asked), asked.condition) if asked.condition else None


def best_documents(
    asked: Asked, weights: Weights | None, balance: float | None, enough: int
) -> tuple[list[Scored], bool]:
    """Each document by its best passage, and whether there are no more of them.

    What a deeper look adds goes behind what was there, so that pages do not shift.
    """
    left, best = left_of(asked), dict[int, Scored]()
    for depth in DEPTHS:
        found = rank(
            asked.collections, asked.query.text, weights, balance=balance, left=left, depth=depth
        )
        for scored in found:
            best.setdefault(scored.document_id, scored)
        if len(found) < depth:
            return list(best.values()), True
        if len(best) >= enough:
            break
    return list(best.values()), False


def grouped(best: Sequence[Scored], by: orders.Order | None, *, fold: bool) -> Groups:
    """In the order asked for, each with its near duplicates where they fold."""
    ordered = _ordered(best, by) if by else best
    return _folded(ordered) if fold else [(one, []) for one in ordered]


def _ordered(best: Sequence[Scored], by: orders.Order) -> list[Scored]:
    """In this order; those that have nothing to be ordered by stay behind, as they are."""
    values = orders.values([one.document_id for one in best], by)
    having = [one for one in best if one.document_id in values]
    having.sort(key=lambda one: values[one.document_id], reverse=by.descending)
    return having + [one for one in best if one.document_id not in values]


def _folded(best: Sequence[Scored]) -> Groups:
    """Near duplicates under the best of them."""
    by_document = {one.document_id: one for one in best}
    found = alike.groups(list(by_document))
    return [(by_document[pk], [by_document[one] for one in rest]) for pk, *rest in found]


def _listed(asked: Asked, by: orders.Order, limit: int, offset: int, with_facets: bool) -> Results:
    """Documents that meet the conditions, in this order: nothing ranks them."""
    ids = _ids(asked)
    rows = orders.listed(ids, asked.condition, by, limit, offset)
    groups: Groups = [
        (Scored(passage, document, 0.0, None, 0.0, {}), []) for document, passage in rows
    ]
    total = filters.count(ids, asked.condition, DEEPEST + 1)
    chosen = facets.chosen(ids, asked.condition) if with_facets else facets.Found([], False)
    return Results(
        hits(groups, offset + 1),
        total,
        total <= DEEPEST,
        asked,
        facets=facets.facets(chosen.ids) if with_facets else None,
        facets_of=len(chosen.ids),
        facets_sampled=chosen.sampled,
    )
