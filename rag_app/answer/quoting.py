"""The extractive answer: sentences of the best passages, chosen with the embedding model."""

from collections.abc import Sequence
from dataclasses import replace

from collections_app import vectors
from collections_app.pipeline.terms import terms
from rag_app.answer.finding import Find
from rag_app.language import extractive

PASSAGES = 6  # that are read for sentences, for each thing that is asked
LEAST = 3  # quotes for each


def quotes(finds: Sequence[Find]) -> list[extractive.Quote]:
    """Quotes from the first passages found, for each thing that was asked; `passage` counts in
    `finds`."""
    asked = list(dict.fromkeys(found.asked for found in finds))
    most = max(LEAST, extractive.MOST_QUOTES // max(1, len(asked)))
    return [quote for one in asked for quote in _quotes(one, finds, most)]


def _quotes(asked: str, finds: Sequence[Find], most: int) -> list[extractive.Quote]:
    """All are judged under the model of the best one."""
    places = [n for n, found in enumerate(finds) if found.asked == asked][:PASSAGES]
    best = finds[places[0]]
    passages = [
        extractive.Found(
            found.text, found.passage.start, found.passage.end, found.cosine, found.passage.heading
        )
        for found in (finds[place] for place in places)
    ]
    made = extractive.quotes(
        passages,
        vectors.embed_query(best.model, asked),
        lambda texts: vectors.embed(best.model, texts, "passage"),
        lambda text: terms(text, best.language),
        asked,
        most,
    )
    return [replace(quote, passage=places[quote.passage]) for quote in made]
