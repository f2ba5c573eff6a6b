"""The sentences that are quoted in answer to a question."""

import numpy as np

from collections_app.encoders.fake import FakeEncoder
from rag_app.language import extractive
from rag_app.language.extractive import Found

ENCODER = FakeEncoder(256, 64)
TEXT = (
    "# Tides\n\nThe harbour floods twice a day. Spring tides follow the full moon. "
    "Cats sleep all afternoon long."
)


def terms(text):
    return {word.strip(".,?#").lower() for word in text.split()}


def quotes(question, *passages):
    found = [Found(text, 0, len(text), 0.5) if isinstance(text, str) else text for text in passages]
    vector = ENCODER.encode([question])[0]
    return extractive.quotes(found, vector, ENCODER.encode, terms, question)


def test_best_sentence_comes_first_and_is_quoted_to_the_letter():
    chosen = quotes("When does the harbour flood, twice a day?", TEXT)
    assert chosen[0].text == "The harbour floods twice a day."
    assert TEXT[chosen[0].start : chosen[0].end] == chosen[0].text


def test_sentences_far_from_the_question_are_left_out():
    chosen = quotes("When does the harbour flood, twice a day?", TEXT)
    assert [quote.text for quote in chosen] == ["The harbour floods twice a day."]


def test_same_sentence_in_two_documents_is_quoted_once():
    chosen = quotes("The harbour floods twice a day?", TEXT, TEXT + " More.")
    assert [quote.text for quote in chosen] == ["The harbour floods twice a day."]


def test_overlapping_passages_give_a_sentence_once():
    chosen = quotes("harbour floods", Found(TEXT, 0, 60, 0.5), Found(TEXT, 9, 90, 0.5))
    assert len({(quote.start, quote.end) for quote in chosen}) == len(chosen)


def test_sentence_cut_by_its_passage_is_not_quoted():
    end = TEXT.index("twice")
    chosen = quotes("harbour floods", Found(TEXT, 0, end, 0.5))
    assert [quote.text for quote in chosen] == ["# Tides\n\nThe harbour floods"]  # its opening


def test_no_more_than_four_quotes():
    text = " ".join(f"The harbour floods on the {word}." for word in "abcdefgh")
    assert len(quotes("The harbour floods", text)) <= extractive.MOST_QUOTES


def test_few_sentences_are_embedded_however_long_the_passages_are():
    embedded = []

    def embed(texts):
        embedded.extend(texts)
        return ENCODER.encode(texts)

    long = " ".join(f"Sentence number {n} says a thing." for n in range(500))
    found = [Found(f"{k} {long}", 0, len(long), 0.5) for k in range(20)]
    extractive.quotes(found, ENCODER.encode(["thing"])[0], embed, terms, "thing")
    assert len(embedded) == extractive.MOST_SENTENCES


def test_code_without_sentences_is_quoted_by_its_first_lines():
    code = "def f():\n    return 1\n" * 40
    (quote,) = quotes("what does f do", code)
    assert quote.text == code[: len(quote.text)]
    assert len(quote.text) <= extractive.FALLBACK_CHARS
    assert quote.text.endswith("return 1")


def test_blank_passages_give_nothing():
    assert quotes("anything", "   \n ") == []


def test_single_words_are_no_answer():
    assert quotes("who won the cup", "uruguay", "brazil") == []
    assert quotes("who won the cup", "uruguay", "brazil played Italy twice")[0].passage == 1


def test_sentence_that_points_back_comes_with_the_one_before_it():
    text = (
        "Zebras eat grass all day. Then give Skitch permission to record the screen. "
        "Without that the harbour floods twice a day in every picture."
    )
    chosen = quotes("the harbour floods twice a day in every picture", text)
    assert chosen[0].text == text[text.index("Then give") :] or chosen[0].text == text
    alone = text.replace("Without that the", "The")
    chosen = quotes("the harbour floods twice a day in every picture", alone)
    assert chosen[0].text == alone[alone.index("The harbour") :]


def test_what_is_pointed_back_to_has_an_end():
    text = " ".join(f"It goes on with the harbour number {n}." for n in range(100))
    assert all(len(one.text) <= extractive.MORE_CHARS for one in quotes("harbour number 50", text))


def test_score_counts_meaning_passage_and_words():
    question = "alpha beta"
    text = "alpha beta gamma delta."
    vector = ENCODER.encode([question])[0]
    cosine = float(ENCODER.encode([text])[0] @ vector)
    (quote,) = quotes(question, text)
    assert np.isclose(quote.score, 0.6 * cosine + 0.2 * 0.5 + 0.2 * 1.0)
