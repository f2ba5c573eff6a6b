"""Is any of the passages found about the question at all?

There is always a nearest passage. Where chance alone would bring as near a one, saying "not in
your documents" is the honest answer, unless it holds the question's rare words: a name or an
error code means little to an embedding model, and much to the one who asks.
"""

from collections.abc import Sequence

from collections_app.pipeline.terms import terms
from rag_app.answer.finding import Find
from search_app.analysis.fusion import Terms
from search_app.queries import samples
from search_app.queries.postings import statistics
from search_app.queries.scope import Scope

# Of a passage that is no nearer than 95 of 100 pairs of passages are, so much of the question's
# weight must stand in it, each term weighing as much as it is rare; less where it is nearer.
# Chosen on questions over 578 notes: docs/ranking.md, "Answers".
SHARE = 0.6
WORTH = 0.3  # of cosine: all of the question against none of it


def relevant(finds: Sequence[Find]) -> list[Find]:
    """Those found by what has an answer here: by the question, or by some of its parts."""
    lines = {pk: _cutoff(pk, finds) for pk in {one.document.collection_id for one in finds}}
    weights = _Weights(finds)
    answered: set[str] = set()
    for found in finds:
        line = lines[found.document.collection_id]
        if found.asked not in answered and _is_about(found, line, weights):
            answered.add(found.asked)
    return [found for found in finds if found.asked in answered]


def _is_about(found: Find, line: float, weights: "_Weights") -> bool:
    """Words are looked at only where the cosine alone does not tell."""
    if found.cosine - WORTH * SHARE >= line:
        return True
    if found.cosine + WORTH * (1 - SHARE) < line:
        return False
    return found.cosine + WORTH * (weights.share(found) - SHARE) >= line


def _cutoff(collection: int, finds: Sequence[Find]) -> float:
    model = next(one.model for one in finds if one.document.collection_id == collection)
    return samples.line([collection], model)


class _Weights:
    """How much each term of what was asked weighs in the collections of these passages."""

    def __init__(self, finds: Sequence[Find]) -> None:
        self._scope = Scope(tuple(sorted({found.document.collection_id for found in finds})))
        self._known: dict[tuple[int, str, str], Terms] = {}

    def share(self, found: Find) -> float:
        """The share of the weight of what was asked that stands in the passage, 0 to 1."""
        key = (found.model.pk, found.language, found.asked)
        if key not in self._known:
            asked = terms(found.asked, found.language)
            self._known[key] = statistics(self._scope, found.model.pk, asked)
        held = set(terms(found.passage.text, found.language))
        return self._known[key].coverage(held.intersection(self._known[key].rarity))
