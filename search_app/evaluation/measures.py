"""What a ranking is worth against judgements: measures of ir_measures, as trec_eval has them."""

from collections.abc import Mapping, Sequence

import ir_measures
from ir_measures import RR, P, R, nDCG

DEPTH = 100  # ranks that are looked at
NDCG, RECALL, MRR, PRECISION = "ndcg", "recall", "mrr", "precision"
MEASURES = {NDCG: nDCG @ 10, RECALL: R @ DEPTH, MRR: RR, PRECISION: P @ 5}
NAMES = {NDCG: "nDCG@10", RECALL: "recall@100", MRR: "MRR", PRECISION: "P@5"}

Figures = dict[str, float]


def scored(
    judged: Mapping[int, Mapping[str, int]], found: Mapping[int, Sequence[str]]
) -> dict[int, Figures]:
    """Each query's figures: from grades of documents, and documents found, the best first.

    A document without a grade counts as wrong; a query that found nothing has zeros.
    """
    grades = [
        ir_measures.Qrel(str(query), document, grade)
        for query, documents in judged.items()
        for document, grade in documents.items()
    ]
    # Scores that fall with the rank: equal ones would be put in another order.
    ranks = [
        ir_measures.ScoredDoc(str(query), document, -float(rank))
        for query in judged
        for rank, document in enumerate(found.get(query, ())[:DEPTH])
    ]
    figures: dict[int, Figures] = {query: dict.fromkeys(MEASURES, 0.0) for query in judged}
    names = {measure: name for name, measure in MEASURES.items()}
    for one in ir_measures.iter_calc(list(names), grades, ranks) if judged else ():
        figures[int(one.query_id)][names[one.measure]] = float(one.value)
    return figures
