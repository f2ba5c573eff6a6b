"""The extractive answer: sentences of the best passages, chosen with the embedding model."""

from collections.abc import Sequence

from collections_app import vectors
from collections_app.pipeline.terms import terms
from rag_app.answer.finding import Find
from rag_app.language import extractive

PASSAGES = 6  # that are read for sentences


def quotes(question: str, finds: Sequence[Find]) -> list[extractive.Quote]:
    """Quotes from the first passages, all judged under the model of the best one."""
    best = finds[0]
    passages = [
        extractive.Found(found.text, found.passage.start, found.passage.end, found.cosine)
        for found in finds[:PASSAGES]
    ]
    return extractive.quotes(
        passages,
        vectors.embed_query(best.model, question),
        lambda texts: vectors.embed(best.model, texts, "passage"),
        lambda text: terms(text, best.language),
        question,
    )
