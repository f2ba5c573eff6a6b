"""Keyword terms: stems, folded letters, identifiers, Chinese, and where each term stands."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collections_app.pipeline.terms import MAX_TERM, spans_of, term_spans, terms

LANGUAGES = ["english", "german", "french", "spanish", "chinese", "other"]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("", "english", []),
        ("?! -- ...", "english", []),
        ("Running runs RUN", "english", ["run", "run", "run"]),
        ("the boats", "english", ["the", "boat"]),
        ("Häuser Haus", "german", ["haus", "haus"]),
        ("maisons", "french", ["maison"]),
        ("canciones", "spanish", ["cancion"]),
        ("boats", "other", ["boats"]),
        ("Café CAFÉ cafe\u0301", "other", ["cafe", "cafe", "cafe"]),
        ("Straße ﬁn ２", "other", ["strasse", "fin", "2"]),
        ("don't James’s", "english", ["don't", "jame"]),
        ("well-known and/or", "other", ["well", "known", "and", "or"]),
        ("3.11", "english", ["3.11", "3", "11"]),
        ("sqlite_tmpdir", "english", ["sqlite_tmpdir", "sqlite", "tmpdir"]),
        ("__init__", "english", ["__init__", "init"]),
        ("os.path.join", "other", ["os.path.join", "os", "path", "join"]),
        ("getHTTPResponse", "other", ["gethttpresponse", "get", "http", "response"]),
        ("C++ and C#", "other", ["c++", "c", "and", "c#", "c"]),
        ("utf-8", "other", ["utf-8", "utf", "8"]),
        ("std::move", "other", ["std", "move"]),
        ("機器學習", "chinese", ["機器", "器學", "學習"]),
        ("我", "chinese", ["我"]),
        ("用Python寫", "chinese", ["用", "python", "寫"]),
        ("カタカナ", "chinese", ["カタ", "タカ", "カナ"]),
        ("한국어", "other", ["한국", "국어"]),
        ("नमस्ते", "other", ["नमस्ते"]),
    ],
)
def test_terms(text, language, expected):
    assert terms(text, language) == expected


def test_spans_are_the_characters_of_each_term():
    text = "Use sqlite_tmpdir, 機器學 Häuser."
    assert [(term, text[a:b]) for term, a, b in term_spans(text, "german")] == [
        ("use", "Use"),
        ("sqlite_tmpdir", "sqlite_tmpdir"),
        ("sqlit", "sqlite"),
        ("tmpdir", "tmpdir"),
        ("機器", "機器"),
        ("器學", "器學"),
        ("haus", "Häuser"),
    ]


@given(st.text(max_size=60), st.sampled_from(LANGUAGES))
def test_any_text_gives_terms_within_bounds(text, language):
    spans = term_spans(text, language)
    assert [term for term, _, _ in spans] == terms(text, language)
    assert all(0 <= start < end <= len(text) for _, start, end in spans)
    assert all(0 < len(term) <= MAX_TERM for term, _, _ in spans)


WORDS = [
    "skis",
    "dying",
    "Yeux",
    "youth",
    "yyyy",
    "Running",
    "ran",
    "Café",
    "mcDuff",
    "it's",
    "文字",
]


@given(
    st.lists(st.sampled_from(WORDS) | st.text("aeiouystyAEY", max_size=9), max_size=8).map(
        " ".join
    ),
    st.sampled_from(LANGUAGES),
    st.data(),
)
def test_wanted_terms_are_found_where_they_stand(text, language, data):
    every = term_spans(text, language)
    wanted = set(data.draw(st.lists(st.sampled_from(every or [("run", 0, 0)]), max_size=3)))
    wanted = {term for term, _, _ in wanted}
    assert spans_of(wanted, text, language) == [span for span in every if span[0] in wanted]


@given(st.text(alphabet="aÄé_.'-/C++# 文字語", max_size=40), st.sampled_from(LANGUAGES))
def test_terms_are_the_same_in_upper_and_lower_case(text, language):
    if text.upper().lower() == text.lower():
        assert set(terms(text.lower(), language)) >= set(terms(text.upper(), language))


@pytest.mark.parametrize("piece", ["a.", "_", "aB", "a'", "文", "a\u0301", "x" * 50, ".", "+"])
def test_long_text_is_soon_done(piece):
    begun = time.process_time()
    assert all(len(term) <= MAX_TERM for term in terms(piece * (100_000 // len(piece)), "english"))
    assert time.process_time() - begun < 3
