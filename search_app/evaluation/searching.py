"""Judged queries asked through the site's own search: every stage, as users get it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from collections_app.models import Collection, EmbeddingModel, Viewer
from collections_app.services import Rejected
from search_app.analysis.weights import OF_MEANING, OF_WORDS, Weights, WeightsError
from search_app.evaluation.cases import Case
from search_app.evaluation.measures import DEPTH, Figures, scored
from search_app.queries.scope import Condition
from search_app.search import search

# Settings by name: changes to the weights in force. Two of them are one leg alone, as the ends
# of `Weights.balanced` are.
RERANK = "rerank"  # beside the weights: whether the reranker, where one is set, reads the best
MEANING_ONLY = dict.fromkeys(OF_WORDS, 0.0)
KEYWORDS_ONLY = dict.fromkeys(OF_MEANING, 0.0)
SETTINGS: dict[str, dict[str, float]] = {
    "current": {},
    "defaults": Weights().to_json(),
    "meaning-only": MEANING_ONLY,
    "keywords-only": KEYWORDS_ONLY,
    "without-reranker": {RERANK: 0.0},
}

Tick = Callable[[], None]


def silent() -> None:
    """For who wants no progress."""


@dataclass(frozen=True)
class Seeker:
    """Who searches where; under `model` in place of the collection's own, where it is given, and
    `within` a further condition."""

    user: Viewer
    collection: Collection
    model: EmbeddingModel | None = None
    within: Condition | None = None

    def found(
        self, text: str, weights: Weights | None, limit: int, *, rerank: bool = True
    ) -> list[str]:
        """Ids of documents, the best first. A text that search refuses finds nothing."""
        try:
            hits = search(
                self.user,
                text,
                collection=self.collection,
                limit=limit,
                weights=weights,
                rerank=rerank,
                model=self.model,
                within=self.within,
            ).hits
        except Rejected:
            return []
        return [hit.document.external_id for hit in hits]

    def figures(
        self,
        cases: Iterable[Case],
        weights: Weights | None = None,
        *,
        limit: int = DEPTH,
        rerank: bool = True,
        tick: Tick = silent,
    ) -> dict[int, Figures]:
        """Each query's figures, one search after the other; `tick` is called after each."""
        found: dict[int, Sequence[str]] = {}
        judged: dict[int, Mapping[str, int]] = {}
        for case in cases:
            found[case.query] = self.found(case.text, weights, limit, rerank=rerank)
            judged[case.query] = case.grades
            tick()
        return scored(judged, found)


def changed(base: Weights, changes: Mapping[str, object]) -> Weights:
    """`base` with these weights changed. Raises Rejected."""
    weights = {name: value for name, value in changes.items() if name != RERANK}
    try:
        return Weights.from_json(weights, base)
    except WeightsError as error:
        raise Rejected(_("These are no weights. %(reason)s") % {"reason": error}) from error


def reranks(changes: Mapping[str, object]) -> bool:
    """Whether a search under this setting lets the reranker read the best: it does, unless told
    otherwise, and unless one leg alone is asked for."""
    alone = any(changes.items() >= leg.items() for leg in (MEANING_ONLY, KEYWORDS_ONLY))
    return bool(changes.get(RERANK, not alone))
