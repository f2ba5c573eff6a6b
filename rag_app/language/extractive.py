"""The few sentences of found passages that best answer a question, quoted exactly."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag_app.language.prose import Span, blocks, quotable, says_enough

Vectors = npt.NDArray[np.float32]
Embed = Callable[[list[str]], Vectors]  # n texts to (n, dimension), unit length
Terms = Callable[[str], Collection[str]]

MOST_QUOTES = 4
MOST_SENTENCES = 48  # embedded for one question: about 0.2 s on two cores
PER_PASSAGE = 12
FALLBACK_CHARS = 400  # of a passage without a sentence, such as one of code
WEIGHT_SENTENCE, WEIGHT_PASSAGE, WEIGHT_TERMS = 0.6, 0.2, 0.2
NOVELTY = 0.3  # what a quote loses for being like one already chosen
KEEP = 0.65  # of the best score: a sentence below it is left out


@dataclass(frozen=True)
class Found:
    """A passage to quote from: its span in its document's text, and its cosine."""

    text: str  # the document's whole text
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Quote:
    """`passage.text[start:end] == text`; `passage` counts in the list that was given."""

    passage: int
    start: int
    end: int
    text: str
    score: float


def quotes(
    passages: Sequence[Found], question: Vectors, embed: Embed, terms: Terms, asked: str
) -> list[Quote]:
    """At most four quotes, best first; none where no passage says anything, as single words do.

    `question` is its vector, of unit length.
    A sentence's score is its cosine with the question, its passage's, and the share of the
    question's terms in it; likeness to the quotes already chosen is taken off (maximal
    marginal relevance, Carbonell and Goldstein 1998).
    """
    candidates = _candidates(passages)
    if not candidates:
        return _openings(passages)
    texts = [passages[number].text[start:end] for number, (start, end) in candidates]
    vectors = embed(texts)
    wanted = set(terms(asked))
    overlap = np.array([_share(wanted, terms(text)) for text in texts])
    near = np.array([passages[number].score for number, _ in candidates])
    scores = WEIGHT_SENTENCE * (vectors @ question) + WEIGHT_PASSAGE * near + WEIGHT_TERMS * overlap
    return [
        Quote(candidates[i][0], *candidates[i][1], texts[i], float(scores[i]))
        for i in _diverse(scores, vectors)
    ]


def _share(wanted: set[str], present: Collection[str]) -> float:
    return len(wanted.intersection(present)) / len(wanted) if wanted else 0.0


def _candidates(passages: Sequence[Found]) -> list[tuple[int, Span]]:
    """(passage, span) of the sentences in the passages, each span once, best passages first."""
    prose = {passage.text: list[Span]() for passage in passages}
    for text, found in prose.items():
        found.extend(blocks(text))
    seen: set[tuple[str, Span]] = set()
    candidates: list[tuple[int, Span]] = []
    for number, passage in enumerate(passages):
        for span in _inside(passage, prose[passage.text])[:PER_PASSAGE]:
            if (passage.text, span) not in seen:
                seen.add((passage.text, span))
                candidates.append((number, span))
    return candidates[:MOST_SENTENCES]


def _inside(passage: Found, prose: list[Span]) -> list[Span]:
    near = [block for block in prose if block[0] < passage.end and passage.start < block[1]]
    spans = [span for block in near for span in quotable(passage.text, block)]
    return [span for span in spans if passage.start <= span[0] and span[1] <= passage.end]


def _diverse(scores: npt.NDArray[np.floating], vectors: Vectors) -> list[int]:
    """Indexes of the chosen sentences, by score less likeness to those chosen before."""
    chosen: list[int] = []
    left = [i for i in range(len(scores)) if scores[i] >= KEEP * scores.max()]
    while left and len(chosen) < MOST_QUOTES:
        likeness = np.zeros(len(scores))
        if chosen:
            likeness = (vectors @ vectors[chosen].T).max(axis=1)
        best = max(left, key=lambda i: scores[i] - NOVELTY * likeness[i])
        left = [i for i in left if i != best and vectors[i] @ vectors[best] < 0.95]
        chosen.append(best)
    return chosen


def _openings(passages: Sequence[Found]) -> list[Quote]:
    """The first lines of the best passage, for text that has no sentences."""
    for number, passage in enumerate(passages):
        whole = passage.text[passage.start : passage.end]
        start = passage.start + len(whole) - len(whole.lstrip())
        end = passage.start + len(whole.rstrip())
        if end - start > FALLBACK_CHARS:
            cut = passage.text.rfind("\n", start, start + FALLBACK_CHARS)
            end = cut if cut > start else start + FALLBACK_CHARS
        if says_enough(passage.text[start:end]):
            return [Quote(number, start, end, passage.text[start:end], passage.score)]
    return []
