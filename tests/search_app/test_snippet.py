"""The window of a passage that is shown, and what is marked in it."""

from hypothesis import given
from hypothesis import strategies as st

from search_app.analysis.snippet import WIDTH, snippet
from search_app.analysis.stopwords import telling

FILLER = "Plain words stand here and fill the passage. "


def marked(pieces):
    return [text for text, is_match in pieces if is_match]


def test_a_short_text_is_shown_whole_with_its_matches_marked():
    assert snippet("Baking rye bread.", {"bread": 3.0, "bake": 2.0}, "english") == [
        ("Baking", True),
        (" rye ", False),
        ("bread", True),
        (".", False),
    ]


def test_the_window_stands_where_most_terms_meet():
    text = f"A narwhal. {FILLER * 12}The narwhal meets a zeppelin. {FILLER * 12}"
    pieces = snippet(text, {"narwhal": 3.0, "zeppelin": 3.0}, "english")
    assert marked(pieces) == ["narwhal", "zeppelin"]
    assert (pieces[0][0][0], pieces[-1][0][-1]) == ("…", "…")
    assert sum(len(text) for text, _ in pieces) <= WIDTH + 2


def test_the_rarer_term_decides_where_only_one_fits():
    text = f"Common here. {FILLER * 12}Rare there. {FILLER * 12}"
    assert marked(snippet(text, {"common": 1.0, "rare": 5.0}, "english")) == ["Rare"]


def test_words_that_say_nothing_are_marked_only_where_nothing_else_is():
    terms = {"the": 0.5, "bread": 3.0}
    assert marked(snippet("The bread.", terms, "english")) == ["bread"]
    assert marked(snippet("The end.", terms, "english")) == ["The"]


def test_an_identifier_is_marked_once():
    pieces = snippet("Set sqlite_tmpdir.", {"sqlite_tmpdir": 5, "sqlite": 2}, "english")
    assert marked(pieces) == ["sqlite_tmpdir"]


def test_overlapping_pairs_of_characters_are_one_mark():
    pieces = snippet("我學習機器學習。", {"機器": 2.0, "器學": 2.0, "學習": 1.0}, "chinese")
    assert marked(pieces) == ["學習機器學習"]


def test_without_a_match_the_first_whole_sentence_leads():
    text = f"# Heading\n\nThis sentence says something at last. {FILLER * 12}"
    pieces = snippet(text, {}, "english")
    assert (len(pieces), pieces[0][1]) == (1, False)
    assert pieces[0][0].startswith("…This sentence says something")


def test_an_empty_text_has_no_pieces():
    assert snippet("", {"a": 1.0}, "english") == snippet(" \n", {}, "english") == []


@given(
    st.lists(
        st.sampled_from(["bread", "rye.", "\n\n", "# x", "海港夜市", "  ", "oven!"]), max_size=150
    ),
    st.sampled_from(["english", "chinese", "simple"]),
)
def test_a_snippet_is_a_piece_of_the_text(words, language):
    text = " ".join(words)
    pieces = snippet(text, {"bread": 3.0, "夜市": 2.0}, language)
    shown = "".join(piece for piece, _ in pieces)
    assert shown.removeprefix("…").removesuffix("…") in text
    assert len(shown) <= WIDTH + 2
    assert all(piece for piece, _ in pieces)
    assert set(marked(pieces)) <= {"bread", "夜市"}
    if "bread" in words:
        assert marked(pieces)


def test_markdown_is_shown_without_its_marks():
    text = "# Boats\n\nSee [the harbour guide](https://example.com/boats) for **boats** at rest."
    found = snippet(text, {"boat": 1.0}, "english", "text/markdown")
    assert found == [
        ("Boats", True),
        ("\n\nSee the harbour guide for ", False),
        ("boats", True),
        (" at rest.", False),
    ]


def test_small_words_of_a_query_are_worth_a_mark_only_if_it_has_no_others():
    assert telling("how alike are two texts", "english") == ["alik", "text"]
    assert telling("to be or not to be", "english") == ["be", "not", "or", "to"]
