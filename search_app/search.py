"""Search by meaning and by words together, and plain similarity."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.encoders import ModelMissing
from collections_app.intake.incoming import problem_with_metadata
from collections_app.models import Collection, Document, EmbeddingModel, Viewer
from collections_app.services import Rejected
from search_app import reranking
from search_app.analysis.weights import Weights
from search_app.asking import Asked, checked, understood, visible
from search_app.hits import Hit, PassageHit, Results, Similar, hits, passage_hits, passages_by_id
from search_app.queries import alike, documents, facets, filters, narrowing, orders
from search_app.queries.scope import Condition, Scope
from search_app.queries.vectors import nearest_documents
from search_app.ranking import DEPTH, Ranking, Scored, rank

__all__ = [
    "DEEPEST", "Hit", "PassageHit", "Results", "Similar", "checked", "passages", "search", "similar"
]  # fmt: skip

DEEPEST = 1000  # documents that can be paged through
HITS_PER_PAGE = 20
DEPTHS = (DEPTH, 1000, 5000)  # passages from each leg, for pages further and further on
Groups = list[tuple[int, list[int]]]  # places in a ranking


def search(
    user: Viewer,
    text: str,
    *,
    collection: Collection | None = None,
    limit: int = 20,
    offset: int = 0,
    weights: Weights | None = None,
    model: EmbeddingModel | None = None,
    within: Condition | None = None,
    wanted: Sequence[str] = (),
    among: Sequence[int] = (),
    sort: str = "",
    balance: float | None = None,
    fold: bool = True,
    rerank: bool = True,
    with_facets: bool = False,
) -> Results:
    """Documents by their best passage, best first, from what the user may see.

    `wanted` are filters, `field:value`; the text may have them too, and more of a syntax
    (`analysis.query`). What passes them all is found, the last of it by a deep enough page, up
    to DEEPEST. Without text, documents are listed by `sort`. `weights` take the place of those
    in force, `balance` shifts either; `rerank` lets the reranker read the best, where there is one
    and no other order is asked for; `model` takes the place of the collections' own, to look at
    the one that stands beside it, and `within` is a further condition. `among` are the numbers of
    the collections that are searched, where there are several. Raises Rejected and ModelMissing.
    """
    asked = understood(user, text, collection, wanted, among=among)
    if within:
        asked = replace(asked, condition=filters.all_of(asked.condition, within))
    by = orders.order(sort, [one.pk for one in asked.collections])
    if not asked.query.text:
        return _listed(asked, by or orders.Order(orders.ADDED, True), limit, offset, with_facets)
    left = left_of(asked, model)
    best, exhausted = best_documents(_under(model, asked), left, weights, balance, offset + limit)
    read = reranking.Read(best)
    if rerank and reranking.applies(balance) and by is None:
        read = reranking.read(best, asked.query.text)
        best = read.best
    groups = grouped(best, by, fold=fold)
    total, exact = len(groups), True
    if not exhausted:
        counted = left.documents if left else None
        if counted is None:
            counted = filters.count(_ids(asked), asked.condition, DEEPEST + 1)
        total, exact = max(total, min(counted, DEEPEST + 1)), counted <= DEEPEST
    page = [(best[one], [best[n] for n in rest]) for one, rest in groups[offset : offset + limit]]
    return Results(
        hits(page, offset + 1, asked.collections),
        total,
        exact,
        asked,
        not best or bool(best.good.any()),
        facets.facets(best.documents.tolist()) if with_facets else None,
        len(best) if with_facets else 0,
        with_facets and not exhausted and total > len(best),
        reranking.told(user, read.problem),
    )


def passages(
    user: Viewer,
    text: str,
    *,
    collection: Collection | None = None,
    limit: int = 20,
    wanted: Sequence[str] = (),
    among: Sequence[int] = (),
) -> list[PassageHit]:
    """Passages best first, several of one document where they are that good. The text has no
    syntax; `wanted` are filters as `search` has them, `among` the numbers of the collections
    where there are several."""
    asked = understood(user, checked(text), collection, wanted, plain=True, among=among)
    found = rank(asked.collections, asked.query.text, left=left_of(asked))
    best = reranking.read(found, asked.query.text).best[:limit]
    return passage_hits(best, asked.collections)


def similar(
    user: Viewer,
    collection: Collection,
    *,
    text: str | None = None,
    document: Document | None = None,
    vector: np.ndarray | None = None,
    prefix: str = "",
    metadata: Mapping[str, Any] | None = None,
    limit: int = 10,
) -> list[Similar]:
    """Documents by cosine alone: of their best passage with the text, or with the mean of
    the document's own passages, that document being left out, or with a `vector`.

    `prefix` is what their ids begin with, `metadata` what theirs holds. Raises Rejected for a
    bad text, for metadata that no document can have, or for a document without a vector.
    """
    home = visible(user, collection)
    if not home or "\x00" in prefix or (document and document.collection_id != collection.pk):
        return []
    if message := problem_with_metadata(dict(metadata or {})):
        raise Rejected(message)
    model = home[0].embedding_model
    if vector is None:
        vector = _vector(document) if document else vectors.embed_query(model, checked(text or ""))
    rows = nearest_documents(
        home[0].pk,
        model,
        vector,
        limit,
        prefix=prefix,
        excluded=document.pk if document else 0,
        metadata=metadata,
    )
    found = passages_by_id((passage for _document, passage, _cosine in rows), home)
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
    """The same with another model in the collections, of which copies are made."""
    if model is None:
        return asked
    collections = [copy(one) for one in asked.collections]
    for one in collections:
        one.embedding_model = model
    return replace(asked, collections=collections)


def left_of(asked: Asked, model: EmbeddingModel | None = None) -> Scope | None:
    """What the conditions leave, under the collections' own models or this one; None where there
    are none."""
    if not asked.condition:
        return None
    return narrowing.scope(_ids(asked), asked.condition, model, _near(asked, model))


def _near(asked: Asked, model: EmbeddingModel | None) -> narrowing.Near | None:
    """The one model of all that is searched, and the query's vector under it, where it is at hand
    at once: to wait for a server twice that does not answer is once too often."""
    models = {model} if model else {one.embedding_model for one in asked.collections}
    one = next(iter(models)) if len(models) == 1 else None
    if one is None or one.remote:
        return None
    try:
        return one, vectors.embed_query(one, asked.query.text)
    except ModelMissing:
        return None  # `rank` says so, or does without


def best_documents(
    asked: Asked, left: Scope | None, weights: Weights | None, balance: float | None, enough: int
) -> tuple[Ranking, bool]:
    """Each document by its best passage, and whether there are no more of them.

    What a deeper look adds goes behind what was there, so that pages do not shift.
    """
    best = Ranking([])
    for depth in DEPTHS:
        found = rank(
            asked.collections, asked.query.text, weights, balance=balance, left=left, depth=depth
        )
        best = best.then(found.by_document())
        if len(found) < depth:
            return best, True
        if len(best) >= enough:
            break
    return best, False


def grouped(best: Ranking, by: orders.Order | None, *, fold: bool) -> Groups:
    """In the order asked for, each with its near duplicates where they fold."""
    order = _ordered(best, by) if by else list(range(len(best)))
    return _folded(best, order) if fold else [(one, []) for one in order]


def _ordered(best: Ranking, by: orders.Order) -> list[int]:
    """In this order; those that have nothing to be ordered by stay behind, as they are."""
    documents = best.documents.tolist()
    values = orders.values(documents, by)
    having = [place for place, pk in enumerate(documents) if pk in values]
    having.sort(key=lambda place: values[documents[place]], reverse=by.descending)
    return having + [place for place, pk in enumerate(documents) if pk not in values]


def _folded(best: Ranking, order: Sequence[int]) -> Groups:
    """Near duplicates under the best of them."""
    documents, contents = best.documents[order].tolist(), best.contents[order].tolist()
    near = ((pk, one) for pk, others in best.alike().items() for one in others)
    groups = alike.groups(documents, [*near, *alike.equal(documents, contents)])
    if len(groups) == len(order):  # nothing folds
        return [(one, []) for one in order]
    places = dict(zip(documents, order, strict=True))
    return [(places[pk], [places[one] for one in rest]) for pk, *rest in groups]


def _listed(asked: Asked, by: orders.Order, limit: int, offset: int, with_facets: bool) -> Results:
    """Documents that meet the conditions, in this order: nothing ranks them."""
    ids = _ids(asked)
    rows = orders.listed(ids, asked.condition, by, limit, offset)
    page: list[tuple[Scored, list[Scored]]] = [
        (Scored(passage, document, 0.0, None, 0.0, {}), []) for document, passage in rows
    ]
    total = filters.count(ids, asked.condition, DEEPEST + 1)
    chosen = facets.chosen(ids, asked.condition) if with_facets else facets.Found([], False)
    return Results(
        hits(page, offset + 1, asked.collections),
        total,
        total <= DEEPEST,
        asked,
        facets=facets.facets(chosen.ids) if with_facets else None,
        facets_of=len(chosen.ids),
        facets_sampled=chosen.sampled,
    )
