"""Why a document is not where one looks for it in a search: the stage that lost it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.encoders import ModelMissing
from collections_app.models import Collection, Document, Viewer, long_columns
from search_app import reranking
from search_app.analysis.stopwords import telling
from search_app.asking import Asked, understood
from search_app.hits import named_parts
from search_app.lost import Missing, Stage, alike, filtered, unready, unsaid
from search_app.queries import orders, weights_stored
from search_app.queries.scope import Scope
from search_app.queries.standing import Standing, spelled, standing
from search_app.ranking import DEPTH, Ranking, Scored
from search_app.search import DEEPEST, HITS_PER_PAGE, Groups, best_documents, grouped, left_of


def find(user: Viewer, given: str, collection: Collection | None = None) -> Document | None:
    """The document with this id in the collection, else with this number; None where there is
    none that the user may see."""
    rows = Document.objects.visible_to(user).select_related("collection__embedding_model")
    rows = rows.defer("text", "body")
    given = given.strip()
    found = None
    if collection and "\x00" not in given:
        found = rows.filter(collection=collection, external_id=given).first()
    if found is None and given.isdecimal() and given.isascii() and len(given) < 19:
        found = rows.filter(pk=int(given)).first()
    return found


def why_not(
    user: Viewer,
    text: str,
    document: Document,
    *,
    collection: Collection | None = None,
    wanted: Sequence[str] = (),
    sort: str = "",
    balance: float | None = None,
    fold: bool = True,
    rerank: bool = True,
) -> Missing:
    """What became of the document, which the user may see, in this search; the parameters are
    those of `search.search`. Raises Rejected and ModelMissing, as that does."""
    asked = understood(user, text, collection, wanted)
    by = orders.order(sort, [one.pk for one in asked.collections])
    if lost := unready(document):
        return lost
    lost = filtered(user, document, asked) or unsaid(document, asked)
    if lost is None:
        lost = _in_ranking(document, asked, by, balance, fold, rerank)
    if document.state == Document.State.READY:
        return lost
    older = _("Its last change is not embedded yet: it is found as it was before.")
    return replace(lost, what=f"{lost.what} {older}")


def _in_ranking(
    document: Document,
    asked: Asked,
    by: orders.Order | None,
    balance: float | None,
    fold: bool,
    rerank: bool,
) -> Missing:
    if not asked.query.text:
        return _in_list(document, asked, by or orders.Order(orders.ADDED, True))
    best, _exhausted = best_documents(asked, left_of(asked), None, balance, 1)
    if rerank and reranking.applies(balance) and by is None:
        best = reranking.read(best, asked.query.text).best
    found = np.flatnonzero(best.documents == document.pk)
    if not len(found):
        return _far(document, asked, balance)
    return _placed(document, best, int(found[0]), grouped(best, by, fold=fold))


def _in_list(document: Document, asked: Asked, by: orders.Order) -> Missing:
    rows = orders.listed([one.pk for one in asked.collections], asked.condition, by, DEEPEST, 0)
    listed = [pk for pk, _passage in rows]
    if document.pk in listed:
        place = listed.index(document.pk) + 1
        return Missing(Stage.RANKED, *_where(place), document, _pages(place))
    return Missing(Stage.RANKED, *_where(DEEPEST + 1), document)


def _far(document: Document, asked: Asked, balance: float | None) -> Missing:
    """It is not among what the legs bring in at first."""
    found, text = _standing(document, asked, balance), asked.query.text
    lacked = spelled(text, document.collection.language, found.lacked)
    figures = {
        "vector_score": found.cosine,
        "vector_rank": found.vector_rank,
        "keyword_score": found.keywords,
        "keyword_rank": found.keyword_rank,
        "lacked": lacked,
        "looked_at": DEPTH,
    }
    what = _(
        "It is not among the %(number)d passages that come nearest in meaning, nor among the"
        " %(number)d that match the words best."
    ) % {"number": DEPTH}
    advice = _("Only far pages of the results reach so deep. Say more of what the document says.")
    if lacked:
        advice = _(
            "Only far pages of the results reach so deep. It has nothing of: %(words)s. Use words"
            " that stand in it, or narrow the search down by a filter."
        ) % {"words": ", ".join(lacked)}
    return Missing(Stage.CANDIDATES, what, advice, document, figures)


def _standing(document: Document, asked: Asked, balance: float | None) -> Standing:
    """In the pool that it was ranked in."""
    home, pool = document.collection, alike(document, asked.collections)
    used = weights_stored.used(pool, None, balance)
    pool = [one for one in pool if used[one.pk] == used[home.pk]]
    left, text = left_of(asked) or Scope(()), asked.query.text
    scope = Scope(tuple(one.pk for one in pool), left.passages, left.condition)
    try:
        vector = vectors.embed_query(home.embedding_model, text)
    except ModelMissing:  # others are there: this one's documents are ranked by words alone
        vector = None
    return standing(document, scope, vector, telling(text, home.language), text)


def _placed(document: Document, best: Ranking, at: int, groups: Groups) -> Missing:
    place, head = next((n, head) for n, (head, rest) in enumerate(groups, 1) if at in (head, *rest))
    scored = best[at]
    figures = {**_pages(place), **_score(scored)}
    if head != at:
        other = Document.objects.defer(*long_columns()).get(pk=int(best.documents[head]))
        what = _("It is folded under “%(other)s”, which is nearly the same and matches better.")
        advice = _("Open “more like this” at that result, or show near duplicates one by one.")
        what %= {"other": other}
        return Missing(Stage.FOLDED, what, advice, document, figures, other)
    what, advice = _where(place)
    if not scored.good:
        weak = _("It matches no better than chance.")
        advice = _("Use words that stand in it, or say more of what it is about.")
        return Missing(Stage.WEAK, f"{weak} {what}", advice, document, figures)
    return Missing(Stage.RANKED, what, advice, document, figures)


def _where(place: int) -> tuple[str, str]:
    """What is said of a place, and the advice."""
    if place > DEEPEST:
        what = _("It is found, but behind the %(most)d that can be looked through.")
        return what % {"most": DEEPEST}, _("Narrow the search down by a filter or more words.")
    what = _("It is found: no. %(place)d, on page %(page)d.") % {
        "place": place,
        "page": _pages(place)["page"],
    }
    if place <= HITS_PER_PAGE:
        return what, _("Nothing is wrong. The parts of its score tell what it stands there for.")
    return what, _("To bring it forward, use words of its title or its text.")


def _pages(place: int) -> dict[str, Any]:
    return {"place": place, "page": (place - 1) // HITS_PER_PAGE + 1}


def _score(scored: Scored) -> dict[str, Any]:
    return {
        "score": scored.score,
        "vector_score": scored.cosine,
        "vector_rank": scored.vector_rank,
        "keyword_score": scored.keywords,
        "keyword_rank": scored.keyword_rank,
        "coverage": scored.coverage,
        "terms": scored.terms,
        "parts": dict(named_parts(scored)),
        "reranked": scored.reranked,
        "place_before": scored.place_before,
    }
