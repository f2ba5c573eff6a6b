"""What goes into a prompt: best first, neighbours merged, repetitions left out, never too much."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collections_app.pipeline.tokenizer import WordTokenizer
from rag_app.language import budget, prompts
from rag_app.language.context import Piece, PinnedTooLong, packed

TEXT = "One two three. Four five six. Seven eight nine. Ten eleven twelve."


class Words:
    """A tokenizer that counts words."""

    def count(self, text):
        return len(text.split())


def prompt(passages):
    return prompts.messages("Why?", passages, "m" * 16)


EMPTY = budget.tokens(prompt([]), Words())


def piece(start, end, document=1, text=TEXT, **more):
    return Piece(document, f"Note {document}", text, start, end, **more)


def outcomes(context):
    return [(one.outcome, one.number) for one in context.decisions]


def made(*pieces, limit=10_000, counter=None):
    return packed(pieces, prompt, counter or Words(), limit)


class Counting(WordTokenizer):
    """A tokenizer with special tokens that remembers how much it has counted."""

    def __init__(self):
        self.characters = 0

    def count(self, text):
        self.characters += len(text)
        return super().count(text)


def test_neighbours_become_one_passage_at_the_place_of_the_best():
    other = piece(0, 5, document=2, text="Other words")
    context = made(piece(15, 29), other, piece(0, 14))
    assert [one.piece.words for one in context.spans] == [
        "One two three. Four five six.",
        "Other",
    ]
    assert outcomes(context) == [("sent", 1), ("sent", 2), ("merged", 1)]


def test_what_lies_between_two_passages_makes_them_one():
    context = made(piece(0, 14), piece(30, 47), piece(15, 29))
    assert [one.piece.words for one in context.spans] == [TEXT[:47]]
    assert outcomes(context) == [("sent", 1), ("merged", 1), ("merged", 1)]


def test_what_is_apart_stays_apart():
    assert len(made(piece(0, 14), piece(30, 47)).spans) == 2


def test_what_repeats_another_is_left_out_whatever_its_case_and_blanks():
    again = piece(0, 15, document=2, text="ONE  two\nthree.")
    assert outcomes(made(piece(0, 29), again)) == [("sent", 1), ("duplicate", 1)]


def test_what_has_no_room_is_left_out_in_favour_of_smaller_ones():
    long = "word " * 100
    limit = budget.tokens(prompt([prompts.NumberedPassage(1, "Note 1", TEXT)]), Words()) + 20
    context = made(piece(0, len(long), document=2, text=long), piece(0, len(TEXT)), limit=limit)
    assert outcomes(context) == [("budget", None), ("sent", 1)]
    assert context.decisions[0].tokens == 100
    assert context.tokens <= limit


def test_pinned_pieces_come_first_and_must_fit():
    long = "word " * 100
    pinned = piece(0, len(long), document=2, text=long, pinned=True)
    context = made(piece(0, 14), pinned)
    assert outcomes(context) == [("sent", 2), ("sent", 1)]
    with pytest.raises(PinnedTooLong):
        made(piece(0, 14), pinned, limit=EMPTY + 50)
    with pytest.raises(budget.QuestionTooLong):
        made(limit=EMPTY - 1)


spans = st.tuples(st.integers(1, 3), st.integers(0, 60), st.integers(1, 40), st.booleans())


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(spans, max_size=12), st.integers(0, 150))
def test_a_prompt_is_never_over_its_limit_and_every_piece_has_a_reason(found, room):
    texts = {n: f"{n} " + " ".join(f"w{n}{k}" for k in range(25)) for n in (1, 2, 3)}
    pieces = [
        piece(start, min(start + length, len(texts[n])), n, texts[n], pinned=pin)
        for n, start, length, pin in found
    ]
    try:
        context = made(*pieces, limit=EMPTY + room)
    except PinnedTooLong:
        assert any(one.pinned for one in pieces)
        return
    assert context.tokens == budget.tokens(context.messages, Words()) <= EMPTY + room
    assert len(context.decisions) == len(pieces)
    for one, decision in zip(pieces, context.decisions, strict=True):
        if decision.number is None:
            assert not one.pinned
            assert decision.outcome == "budget"
        else:
            words = " ".join(context.spans[decision.number - 1].piece.words.casefold().split())
            assert " ".join(one.words.casefold().split()) in words
    ordered = sorted(context.spans, key=lambda span: (span.piece.document, span.piece.start))
    for first, second in pairwise(ordered):
        if first.piece.document == second.piece.document:
            assert first.piece.end < second.piece.start


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(0, 400))
def test_nothing_is_left_out_that_has_room(lengths, room):
    counter = Counting()
    texts = [f"start{n} " + "word " * length for n, length in enumerate(lengths)]
    known = [None if n % 2 else counter.count(text) for n, text in enumerate(texts)]
    pieces = [piece(0, len(text), n, text, tokens=known[n]) for n, text in enumerate(texts)]
    limit = budget.tokens(prompt([]), counter) + room
    context = made(*pieces, limit=limit, counter=counter)
    assert context.tokens == budget.tokens(context.messages, counter) <= limit
    taken: list[prompts.NumberedPassage] = []
    for one, decision in zip(pieces, context.decisions, strict=True):
        more = [*taken, prompts.NumberedPassage(len(taken) + 1, one.title, one.words)]
        holds = budget.tokens(prompt(more), counter) <= limit
        assert decision.outcome == ("sent" if holds else "budget")
        taken = more if holds else taken


def test_a_prompt_near_its_limit_is_not_counted_whole_for_each_piece():
    counter, text = Counting(), "word " * 300
    texts = [f"start{n} {text}" for n in range(20)]
    pieces = [piece(0, len(one), n, one) for n, one in enumerate(texts)]
    context = made(*pieces, limit=3300, counter=counter)
    assert 9 <= len(context.spans) <= 10
    whole = sum(len(one["content"]) for one in context.messages)
    assert counter.characters < sum(map(len, texts)) + 4 * whole
    counter.characters = 0
    made(*(replace(one, tokens=303) for one in pieces), limit=3300, counter=counter)
    assert counter.characters < 4 * whole
