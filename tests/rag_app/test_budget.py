"""Packing passages into a number of tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collections_app.pipeline.tokenizer import WordTokenizer
from rag_app.language import budget, prompts
from rag_app.language.prompts import NumberedPassage

COUNTER = WordTokenizer()
texts = st.text(max_size=200)
passages_of = st.lists(texts, max_size=8).map(
    lambda found: [NumberedPassage(i, "title", text) for i, text in enumerate(found, start=1)]
)


def prompt_for(question, role=""):
    return lambda chosen: prompts.messages(question, chosen, "m4rk", role)


@given(question=texts, role=texts, passages=passages_of, limit=st.integers(0, 600))
def test_prompt_is_never_over_the_limit(question, role, passages, limit):
    prompt = prompt_for(question, role)
    try:
        packed = budget.pack(passages, prompt, COUNTER, limit)
    except budget.QuestionTooLong:
        assert budget.tokens(prompt([]), COUNTER) > limit
        return
    assert budget.tokens(prompt(packed), COUNTER) <= limit
    assert packed == [passage for passage in passages if passage in packed]


def test_passages_stay_in_order_and_one_that_is_too_large_is_passed_over():
    passages = [
        NumberedPassage(1, "a", "one " * 10),
        NumberedPassage(2, "b", "two " * 1000),
        NumberedPassage(3, "c", "three " * 10),
    ]
    packed = budget.pack(passages, prompt_for("Why?"), COUNTER, 400)
    assert [passage.number for passage in packed] == [1, 3]


def test_passage_goes_in_at_exactly_the_limit_and_not_below_it():
    passages = [NumberedPassage(1, "a", "one two three")]
    prompt = prompt_for("Why?")
    exact = budget.tokens(prompt(passages), COUNTER)
    assert budget.pack(passages, prompt, COUNTER, exact) == passages
    assert budget.pack(passages, prompt, COUNTER, exact - 1) == []


def test_long_prompts_are_not_counted_anew_for_each_passage():
    counted = []

    class Counting:
        def count(self, text):
            counted.append(len(text))
            return COUNTER.count(text)

    passages = [NumberedPassage(n, "title", "word " * 300) for n in range(1, 21)]
    packed = budget.pack(passages, prompt_for("Why?"), Counting(), 100_000)
    assert packed == passages
    whole = sum(len(one["content"]) for one in prompt_for("Why?")(passages))
    assert sum(counted) < 4 * whole  # twice, and the rules once for each


def test_question_over_the_limit_is_told():
    with pytest.raises(budget.QuestionTooLong):
        budget.pack([], prompt_for("why " * 1000), COUNTER, 400)
