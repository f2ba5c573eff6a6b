"""Keyword terms: what BM25 counts, in documents and in queries alike."""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import Stemmer

VERSION = 2  # raised when other terms come of the same text: what is stored is counted anew
MAX_TERM = 100  # characters: the width of the postings' column
_REMEMBERED = 40  # characters of a word whose terms are
# Languages are those of Collection.Language; Latin words in Chinese text are mostly English.
_ALGORITHMS = {
    "english": "english",
    "chinese": "english",
    "german": "german",
    "french": "french",
    "spanish": "spanish",
}
_CJK = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
# Marks that combine with the letter before them, which `\w` leaves out.
_COMBINING = "\u0300-\u036f\u0483-\u0487\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0e31-\u0e4e"
_PIECE = rf"(?:[^\W_{_CJK}][{_COMBINING}]*)+"
# Most words are plain, and looking at them letter by letter for more takes twice as long.
_PLAIN = rf"[A-Z]?[a-z]++(?!\w|[.:/'’\-]\w|[{_COMBINING}]|\+\+|\#)"
_RUN = re.compile(
    rf"(?P<cjk>[{_CJK}]+)|(?P<plain>{_PLAIN})"
    rf"|(?P<word>(?<!_)_*+{_PIECE}(?:(?:[.:/'’\-]|_+){_PIECE})*(?:\+\+|\#(?!\w)|_+(?!\w))?)"
)
_CHARACTER = re.compile(f"[{_CJK}]")
_SPLIT = re.compile(_PIECE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MARKS = re.compile("[\u0300-\u036f]")
_APOSTROPHES = str.maketrans("’", "'")
_local = threading.local()


def terms(text: str, language: str) -> list[str]:
    """The terms of `text` in order, repeated as often as they stand in it."""
    return [term for term, _, _ in term_spans(text, language)]


def passage_terms(title: str, heading: str, text: str, language: str) -> Counter[str]:
    """How often each term stands in a passage, as it is stored.

    Those of the title count in every passage, once. After a run of Chinese, Japanese or Korean
    its last character stands for itself too: so each character of it begins a stored term, and
    can be looked up alone. A passage without text has no terms.
    """
    headed = f"{heading}\n{text}" if heading else text
    named = headed if title in headed else f"{title}\n{headed}"
    return Counter(_stored(named, language) if text else [])


def is_part(term: str) -> bool:
    """Whether this is a single Chinese, Japanese or Korean character."""
    return len(term) == 1 and _CHARACTER.match(term) is not None


def follow(phrase: Sequence[str], text: str, language: str) -> bool:
    """Whether these terms, in this order and with none between them, are terms of the text."""
    found = _stored(text, language)
    rest = range(1, len(phrase))
    return any(
        _answers(found[at], phrase[0]) and all(_answers(found[at + n], phrase[n]) for n in rest)
        for at in range(len(found) - len(phrase) + 1)
    )


def _answers(stored: str, asked: str) -> bool:
    return stored == asked or (is_part(asked) and stored.startswith(asked))


def _stored(text: str, language: str) -> list[str]:
    found: list[str] = []
    for run in _RUN.finditer(text):
        if run.lastgroup == "plain":
            found.append(_stem(run.group().lower(), language))
            continue
        found += [term for term, _, _ in _of_run(run, language)]
        if run.lastgroup == "cjk" and len(run.group()) > 1:
            found.append(unicodedata.normalize("NFKC", run.group()[-1]))
    return found


def term_spans(text: str, language: str) -> list[tuple[str, int, int]]:
    """(term, start, end): the terms with the characters of `text` each comes from."""
    found: list[tuple[str, int, int]] = []
    for run in _RUN.finditer(text):
        found += _of_run(run, language)
    return found


def spans_of(wanted: Collection[str], text: str, language: str) -> list[tuple[str, int, int]]:
    """Where these terms stand, as `term_spans` has them. A plain word keeps its first letter in
    its stem, so that most words are passed over by that."""
    if not wanted:
        return []
    begins = {letter for term in wanted for letter in (term[0], term[0].upper())}
    found: list[tuple[str, int, int]] = []
    for run in _RUN.finditer(text):
        if run.lastgroup != "plain" or text[run.start()] in begins:
            found += [span for span in _of_run(run, language) if span[0] in wanted]
    return found


def _of_run(run: re.Match[str], language: str) -> list[tuple[str, int, int]]:
    if run.lastgroup == "cjk":
        return list(_bigrams(run.group(), run.start()))
    word, at = run.group(), run.start()
    found = (_word_spans if len(word) <= _REMEMBERED else _word_spans.__wrapped__)(word, language)
    return [(term, at + start, at + end) for term, start, end in found]


@lru_cache(maxsize=50_000)
def _word_spans(word: str, language: str) -> list[tuple[str, int, int]]:
    """Those of one run. Most words of a text come again."""
    return list(_words(word, 0, language))


def _bigrams(run: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Pairs of neighbouring characters; a single one stands for itself."""
    folded = [unicodedata.normalize("NFKC", character) for character in run]
    if len(run) == 1:
        yield folded[0], at, at + 1
    for i in range(len(run) - 1):
        yield folded[i] + folded[i + 1], at + i, at + i + 2


def _words(run: str, at: int, language: str) -> Iterator[tuple[str, int, int]]:
    """An identifier whole and in its parts; an ordinary word once."""
    if run.isascii() and run.isalpha() and (run.islower() or run.istitle()):  # most are: be quick
        yield _stem(run.lower(), language), at, at + len(run)
        return
    if language == "english" and _SPLIT.sub("", run) in ("'", "’"):
        yield _stem(fold(run.translate(_APOSTROPHES)), language), at, at + len(run)
        return
    parts = list(_parts(run))
    if _is_identifier(run, parts):
        yield fold(run)[:MAX_TERM], at, at + len(run)
    for start, end in parts:
        yield _stem(fold(run[start:end]), language), at + start, at + end


def _parts(run: str) -> Iterator[tuple[int, int]]:
    """Spans between punctuation and at changes of case."""
    for piece in _SPLIT.finditer(run):
        edges = [piece.start()]
        edges += [piece.start() + m.start() for m in _CAMEL.finditer(piece.group())]
        edges.append(piece.end())
        yield from pairwise(edges)


def _is_identifier(run: str, parts: list[tuple[int, int]]) -> bool:
    """A name from code or a version; plain hyphenated words and 'and/or' are not."""
    if len(parts) == 1:
        return parts[0] != (0, len(run))  # __init__, c++, c#
    joints = _SPLIT.sub("", run)
    if not joints or "_" in joints or "." in joints or ":" in joints:
        return True
    return any(character.isdigit() for character in run)


def fold(word: str) -> str:
    """Case and diacritics folded, compatibility forms unified."""
    if word.isascii():
        return word.lower()
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", word.casefold()))
    return unicodedata.normalize("NFC", bare)


@lru_cache(maxsize=100_000)
def _stem(word: str, language: str) -> str:
    algorithm = _ALGORITHMS.get(language)
    if algorithm is None or len(word) > MAX_TERM:
        return word[:MAX_TERM]
    return str(_stemmer(algorithm).stemWord(word))[:MAX_TERM]


def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    """One per thread: a stemmer is not safe to share."""
    if not hasattr(_local, algorithm):
        setattr(_local, algorithm, Stemmer.Stemmer(algorithm))
    stemmer: Stemmer.Stemmer = getattr(_local, algorithm)
    return stemmer
