"""The few sentences of found passages that best answer a question, quoted exactly."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag_app.language.prose import Span, blocks, quotable, says_enough

Vectors = npt.NDArray[np.float32]
Scores = npt.NDArray[np.floating]
Embed = Callable[[list[str]], Vectors]  # n texts to (n, dimension), unit length
Terms = Callable[[str], Collection[str]]

MOST_QUOTES = 4
MOST_SENTENCES = 48  # embedded for one question: about 0.2 s on two cores
PER_PASSAGE = 12
FALLBACK_CHARS = 400  # of a passage without a sentence, such as one of code
WEIGHT_SENTENCE, WEIGHT_PASSAGE, WEIGHT_TERMS = 0.6, 0.2, 0.2
NOVELTY = 0.3  # what a quote loses for being like one already chosen
KEEP = 0.75  # of the best score: a sentence below it is left out
FOLLOWS = 0.4  # of a quote's score: the sentence behind it goes along, up to so many characters
MORE_CHARS = 560
BETWEEN = " \n\r\t>-*+0123456789."  # all that may stand between the two
# What begins so points back: the sentence before it goes along as well.
BACK = re.compile(
    r"(?:(?:without|with|by|for|in|on|and|but|so) )?"
    r"(?:this|that|these|those|it|its|they|them|both|such|which|then|there|here)\b"
    "|`|(?:[它牠這这那此其]|因此|所以|然後|然后)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Found:
    """A passage to quote from: its span in its document's text, its cosine, and what it stands
    under."""

    text: str  # the document's whole text
    start: int
    end: int
    score: float
    heading: str = ""


@dataclass(frozen=True)
class Quote:
    """`passage.text[start:end] == text`; `passage` counts in the list that was given."""

    passage: int
    start: int
    end: int
    text: str
    score: float


def quotes(
    passages: Sequence[Found],
    question: Vectors,
    embed: Embed,
    terms: Terms,
    asked: str,
    most: int = MOST_QUOTES,
) -> list[Quote]:
    """At most `most` quotes, best first; none where no passage says anything, as single words do.

    `question` is its vector, of unit length.
    A sentence's score is its cosine with the question, its passage's, and the share of the
    question's terms in it; likeness to the quotes already chosen is taken off (maximal
    marginal relevance, Carbonell and Goldstein 1998). What follows it on the same matter is
    quoted along with it, and what it points back to.
    """
    candidates = _candidates(passages)
    if not candidates:
        return _openings(passages)
    texts = [passages[number].text[start:end] for number, (start, end) in candidates]
    heads = [passages[number].heading for number, _ in candidates]
    headed = zip(heads, texts, strict=True)
    vectors = embed([f"{head}\n{text}" if head else text for head, text in headed])
    wanted = set(terms(asked))
    overlap = np.array([_share(wanted, terms(text)) for text in texts])
    near = np.array([passages[number].score for number, _ in candidates])
    scores = WEIGHT_SENTENCE * (vectors @ question) + WEIGHT_PASSAGE * near + WEIGHT_TERMS * overlap
    made: list[Quote] = []
    for i in _diverse(scores, vectors):
        quote = _quote(passages, candidates, scores, i)
        if len(made) < most and not any(_overlap(passages, one, quote) for one in made):
            made.append(quote)
    return made


def _quote(
    passages: Sequence[Found], candidates: Sequence[tuple[int, Span]], scores: Scores, i: int
) -> Quote:
    """The sentence with those that follow it on the same matter, and those it points back to."""
    number, (start, end) = candidates[i]
    text = passages[number].text
    for j in range(i + 1, len(candidates)):
        passage, (first, last) = candidates[j]
        far = last - start > MORE_CHARS or text[end:first].strip(BETWEEN)
        if passage != number or far or scores[j] < FOLLOWS * scores[i]:
            break
        end = max(end, last)
    for passage, (first, last) in reversed(candidates[:i]):
        far = end - first > MORE_CHARS or text[last:start].strip(BETWEEN)
        if passage != number or far or not BACK.match(text, start):
            break
        start = first
    return Quote(number, start, end, text[start:end], float(scores[i]))


def _overlap(passages: Sequence[Found], one: Quote, other: Quote) -> bool:
    same = passages[one.passage].text == passages[other.passage].text
    return same and one.start < other.end and other.start < one.end


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
    spans = [span for block in near for span in quotable(passage.text, block, passage.end)]
    return [span for span in spans if passage.start <= span[0]]


def _diverse(scores: Scores, vectors: Vectors) -> list[int]:
    """Indexes of sentences, the best first, by score less likeness to those chosen before."""
    chosen: list[int] = []
    left = [i for i in range(len(scores)) if scores[i] >= KEEP * scores.max()]
    while left and len(chosen) < 2 * MOST_QUOTES:
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
