"""Which spans of the passages support each sentence of a written answer, and which none does."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from collections_app.pipeline.sentences import sentences
from rag_app.language.citations import Said, said
from rag_app.language.literals import lacking, missing

Vectors = npt.NDArray[np.float32]
Embed = Callable[[list[str]], Vectors]  # n texts to (n, dimension), unit length
Weigh = Callable[[str], Mapping[str, float]]  # a text's terms, each with its weight
Entails = Callable[[list[tuple[str, str]]], Sequence[float]]  # (source, sentence) to 0-1

MOST_SPANS = 3  # of one sentence
MOST_CANDIDATES = 64  # sentences of the passages that are embedded: about 0.2 s on two cores
MOST_SENTENCES = 400  # of an answer that are embedded, each once: a model may go round and round
COSINE = 0.5  # the weight of nearness; the rest is that of words in common
LINE = 0.5  # from which on a sentence is supported: docs/evaluation.md, "Citations"
ENOUGH = 0.6  # of the sentence's words: no more spans are looked for
GAIN = 0.1  # of its words that one more span must bring
ENTAILED = 0.5


@dataclass(frozen=True)
class Source:
    """A passage as it was given to the chat model; `start` is where its document has it."""

    number: int
    title: str
    text: str
    start: int


@dataclass(frozen=True)
class Span:
    """Characters of the document of passage `number`."""

    number: int
    start: int
    end: int


@dataclass(frozen=True)
class Check:
    """A sentence of the answer, `answer[start:end]` with its marks, and what was found for it.

    `why` it counts as unsupported: `unlike` (no passage says it), `missing` (a number, name or
    quote in it stands in none of the spans' passages: `missing`), `not_entailed`; empty where it
    is supported, or says nothing. `marked` are the numbers that the model itself gave.
    """

    start: int
    end: int
    score: float = 1.0
    why: str = ""
    spans: tuple[Span, ...] = ()
    missing: tuple[str, ...] = ()
    marked: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    source: Source
    start: int  # in the source's text
    end: int
    terms: frozenset[str]

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def span(self) -> Span:
        return Span(
            self.source.number, self.source.start + self.start, self.source.start + self.end
        )


def check(
    answer: str,
    sources: Sequence[Source],
    embed: Embed | None,
    weigh: Weigh,
    entails: Entails | None = None,
) -> list[Check]:
    """One for each sentence of the answer; together they cover it.

    A sentence's score is half its cosine with the nearest sentence of the passages and half the
    weight of its terms that its spans have; without `embed` the terms count alone. It is
    supported from LINE on, or, where there is `entails`, where its spans entail it, and if what
    it says to the letter stands in them.
    """
    told = said(answer, {source.number for source in sources})
    wanted = [dict(weigh(one.text)) if one.says else {} for one in told]
    candidates = _candidates(sources, weigh, wanted)
    cosines = _cosines(told, candidates, embed)
    checks = [
        _check(one, terms, candidates, row) if one.says else Check(one.start, one.end)
        for one, terms, row in zip(told, wanted, cosines, strict=True)
    ]
    return _entailed(told, checks, sources, entails) if entails else checks


def _candidates(
    sources: Sequence[Source], weigh: Weigh, wanted: Sequence[Mapping[str, float]]
) -> list[_Candidate]:
    """The sentences of the passages that have most in common with any of the answer's."""
    found = [
        _Candidate(source, start, end, frozenset(weigh(source.text[start:end])))
        for source in sources
        for start, end in sentences(source.text)
    ]
    if len(found) > MOST_CANDIDATES:
        found.sort(key=lambda one: max(_share(terms, one.terms) for terms in wanted), reverse=True)
    return found[:MOST_CANDIDATES]


def _cosines(
    told: Sequence[Said], candidates: Sequence[_Candidate], embed: Embed | None
) -> list[npt.NDArray[np.float32] | None]:
    """For each sentence those of the candidates; None where it is not embedded."""
    texts = list(dict.fromkeys(one.text for one in told if one.says))[:MOST_SENTENCES]
    if embed is None or not texts or not candidates:
        return [None] * len(told)
    vectors = embed(texts + [one.text for one in candidates])
    cosines: npt.NDArray[np.float32] = vectors[: len(texts)] @ vectors[len(texts) :].T
    rows = dict(zip(texts, cosines, strict=True))
    return [rows.get(one.text) for one in told]


def _check(
    one: Said,
    wanted: Mapping[str, float],
    candidates: Sequence[_Candidate],
    cosines: npt.NDArray[np.float32] | None,
) -> Check:
    if not candidates:
        return Check(one.start, one.end, 0.0, "unlike", marked=one.numbers)
    near = np.zeros(len(candidates)) if cosines is None else np.clip(cosines, 0, 1)
    weight = 0.0 if cosines is None else COSINE
    shares = np.array([_share(wanted, candidate.terms) for candidate in candidates])
    marked = np.array([candidate.source.number in one.numbers for candidate in candidates])
    scores = weight * near + (1 - weight) * shares
    best = int(np.argmax(scores + 1e-3 * marked))  # of equals, what the model itself named
    chosen = _chosen(best, wanted, candidates, one.text)
    terms = frozenset().union(*(candidates[n].terms for n in chosen))
    score = float(weight * near[chosen].max() + (1 - weight) * _share(wanted, terms))
    left = tuple(missing(one.text, _passages(candidates[n] for n in chosen)))
    why = "unlike" if score < LINE else "missing" if left else ""
    spans = tuple(candidates[n].span for n in chosen)
    return Check(one.start, one.end, round(score, 4), why, spans, left, one.numbers)


def _chosen(
    best: int, wanted: Mapping[str, float], candidates: Sequence[_Candidate], text: str
) -> list[int]:
    """The best span and those that add words, or what is said to the letter, to it."""
    chosen = [best]
    while len(chosen) < MOST_SPANS:
        have = frozenset().union(*(candidates[n].terms for n in chosen))
        left = missing(text, _passages(candidates[n] for n in chosen))
        if not left and _share(wanted, have) >= ENOUGH:
            break
        gains = [
            _share(wanted, have | one.terms)
            - _share(wanted, have)
            + (len(left) - len(lacking(left, [one.text])) if left else 0)
            for one in candidates
        ]
        most = int(np.argmax(gains))
        if gains[most] < GAIN or most in chosen:
            break
        chosen.append(most)
    return chosen


def _share(wanted: Mapping[str, float], held: frozenset[str]) -> float:
    """Of the weight of the terms wanted, 0 to 1."""
    whole = sum(wanted.values())
    return sum(wanted[one] for one in held.intersection(wanted)) / whole if whole else 0.0


def _passages(chosen: Iterable[_Candidate]) -> list[str]:
    """What the passages of these say, under their titles."""
    sources = {one.source.number: one.source for one in chosen}
    return [f"{source.title}\n{source.text}" for source in sources.values()]


def _entailed(
    told: Sequence[Said],
    checks: Sequence[Check],
    sources: Sequence[Source],
    entails: Entails,
) -> list[Check]:
    """The same with the word of a model of inference in place of the line."""
    home = {source.number: source for source in sources}
    asked = [place for place, one in enumerate(checks) if one.spans]
    pairs = [
        (" ".join(_text(home[span.number], span) for span in checks[n].spans), told[n].text)
        for n in asked
    ]
    made = list(checks)
    for place, entailed in zip(asked, entails(pairs) if pairs else [], strict=True):
        one = checks[place]
        why = "not_entailed" if entailed < ENTAILED else "missing" if one.missing else ""
        made[place] = replace(one, score=round(float(entailed), 4), why=why)
    return made


def _text(source: Source, span: Span) -> str:
    return source.text[span.start - source.start : span.end - source.start]
