"""Names for groups of texts: the words that are frequent in one and rare in the others.

Class-based TF-IDF (Grootendorst 2022), counted in documents, so that one long text does not
name its whole group. Words are counted by their stems and shown as they are mostly written.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log

from collections_app.pipeline.blocks import Kind, blocks
from collections_app.pipeline.terms import term_spans
from search_app.analysis import stopwords

CONSIDERED = 2000  # characters of a text that are read
TITLE_WEIGHT = 3  # of a word in the title, against one in the text
WORDS = 3  # in a name
KEPT = 10  # distinctive words kept for each group
PAIR_WEIGHT = 1.3  # of two words together, against one: they read better
POOL = 60  # words from which those are taken
PHRASES = 15  # of the best of them, from which the one nearest the centroid is taken
LONGEST = 30  # characters of a word
LENGTH = 190  # characters of a name

_ADDRESS = re.compile(r"\w+://\S+|\S+@\S+")
_IDEOGRAMS = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
IDEOGRAM_WORD = range(2, 5)  # characters of a word in a script without spaces

Word = tuple[str, str]  # how it is counted, how it is written


@dataclass(frozen=True)
class Name:
    """What to call a group, and its distinctive words, best first."""

    name: str
    terms: list[str]


class Words:
    """In how many documents of each of k groups each word stands, and how it is written."""

    def __init__(self, groups: int, language: str) -> None:
        self.language = language
        self.groups: list[Counter[str]] = [Counter() for _ in range(groups)]
        self.written: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, group: int, title: str, text: str) -> None:
        """Count a document into its group; its words in the title count more."""
        weights: dict[str, int] = {}
        for weight, part in ((1, _prose(text)), (TITLE_WEIGHT, title)):
            for word, form in _words(part, self.language):
                weights[word] = weight
                self.written[word][form] += 1
        self.groups[group].update(weights)

    def phrases(self) -> list[list[str]]:
        """For each group its most distinctive phrases as written, best first; single words
        where there are none. The one nearest the group's centroid may open its name."""
        ranked = [_ranked(weights)[:POOL] for weights in self._weights()]
        phrases = [[word for word in words if _readable(word) > 1] or words for words in ranked]
        return [[self._form(word) for word in words[:PHRASES]] for words in phrases]

    def names(
        self, kept: Mapping[int, str] | None = None, first: Mapping[int, str] | None = None
    ) -> list[Name]:
        """A name for each group, no two the same, opened by the phrase in `first`; those in
        `kept` have theirs already."""
        kept, first = kept or {}, first or {}
        taken = set(kept.values())
        names: list[Name] = []
        for group, weights in enumerate(self._weights()):
            terms = self._distinctive(weights, first.get(group, ""))
            name = kept.get(group) or _free_name(terms, taken, group + 1)
            taken.add(name)
            names.append(Name(name, terms))
        return names

    def _weights(self) -> list[dict[str, float]]:
        """Of each word in each group: how often, times how much more often than elsewhere."""
        totals: Counter[str] = Counter()
        for counts in self.groups:
            totals.update(counts)
        every = totals.total()
        return [
            {
                word: _readable(word) * n * log(1 + every / totals[word] * n / counts.total())
                for word, n in counts.items()
            }
            for counts in self.groups
        ]

    def _distinctive(self, weights: dict[str, float], first: str) -> list[str]:
        """The best words as written, `first` before all; of words that hold each other, one."""
        ranked = _ranked(weights)[:POOL]
        kept = [word for word in ranked if first and self._form(word) == first][:1]
        for word in ranked:
            if not any(_overlap(word, other) for other in kept):
                kept.append(word)
        return [self._form(word) for word in kept[:KEPT]]

    def _form(self, word: str) -> str:
        return max(self.written[word].items(), key=lambda item: (item[1], item[0]))[0]


def _free_name(terms: Sequence[str], taken: Container[str], number: int) -> str:
    """The first words; more of them where that name is taken, a number where all are."""
    for count in range(WORDS, len(terms) + 1):
        name = ", ".join(terms[:count])[:LENGTH]
        if name not in taken:
            return name
    name = ", ".join(terms)[:LENGTH]
    return name if name and name not in taken else f"{name} #{number}".strip()


def _ranked(weights: dict[str, float]) -> list[str]:
    return sorted(weights, key=lambda word: (-round(weights[word], 9), -len(word), word))


def _readable(word: str) -> float:
    """More for two words together, and for more than a pair of characters in CJK."""
    longer = " " in word or (len(word) > 2 and _IDEOGRAMS.match(word))
    return PAIR_WEIGHT if longer else 1.0


def _overlap(word: str, other: str) -> bool:
    """Whether one is a part of the other: of its words, or of its characters in CJK."""
    if _IDEOGRAMS.search(word):
        return word in other or other in word
    return bool(set(word.split()) & set(other.split()))


def _prose(text: str) -> str:
    """The beginning of a text, without code and addresses."""
    cut = text[:CONSIDERED]
    return "\n".join(
        _ADDRESS.sub(" ", cut[block.start : block.end])
        for block in blocks(cut)
        if block.kind is not Kind.CODE
    )


def _words(text: str, language: str) -> Iterator[Word]:
    """Words and pairs of neighbouring words that may stand in a name."""
    before: tuple[str, int] | None = None  # the word just before, and where it begins
    reached = 0
    for term, start, end in term_spans(text, language):
        if start < reached:  # a part of the identifier before it
            continue
        gap, reached = text[reached:start], end
        form = text[start:end]
        if _IDEOGRAMS.match(form) or not _names_something(form, language):
            before = None
            continue
        yield term, form
        if before and gap == " ":
            yield f"{before[0]} {term}", text[before[1] : end]
        before = (term, start)
    for run in _IDEOGRAMS.finditer(text):
        yield from _ideograms(run.group())


def _names_something(form: str, language: str) -> bool:
    return (
        2 < len(form) <= LONGEST
        and any(character.isalpha() for character in form)
        and not stopwords.says_nothing(form, language)
    )


def _ideograms(run: str) -> Iterator[Word]:
    """Every short string of a run; those with a function character name nothing."""
    for size in IDEOGRAM_WORD:
        for at in range(len(run) - size + 1):
            word = run[at : at + size]
            if not stopwords.IDEOGRAMS.intersection(word):
                yield word, word
