"""Sentences of an answer against the passages: words, numbers, names, quotes, inference."""

import json
from pathlib import Path

import numpy as np
import pytest

from collections_app import encoders
from collections_app.pipeline.terms import terms
from rag_app.language.citations import checked
from rag_app.language.literals import literals, missing
from rag_app.language.support import Source, check
from tests.collections_app.test_encoders_reranking import made

LAMPS = (
    "The harbour lamps are lit at dusk by the keeper Ilsa Moreau. There are 1,250 of them. "
    "She calls it “the long round”."
)
BREAD = "Knead the dough for ten minutes. Let the dough rest until it doubles."
SOURCES = [Source(1, "Lamps", LAMPS, 100), Source(2, "Bread", BREAD, 0)]


def weigh(text):
    return dict.fromkeys(terms(text, "english"), 1.0)


def checks(answer, **given):
    return check(answer, SOURCES, None, weigh, **given)


# --- said to the letter -----------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("The lamps are lit.", []),
        ("They say “the long round” and `ab -l`.", ["the long round", "ab -l"]),
        ("Set limit_req_status to 429.", ["limit_req_status", "429"]),
        ("Then Ilsa Moreau comes at 10:30.", ["Ilsa", "Moreau", "10:30"]),
        ("Use --force on example.org.", ["--force", "example.org"]),
    ],
)
def test_literals_are_quotes_identifiers_names_and_numbers(sentence, said):
    assert literals(sentence) == said


@pytest.mark.parametrize(
    ("sentence", "lacking"),
    [
        ("The 1250 lamps are lit by Ilsa Moreau.", []),
        ("There are 1,250 lamps.", []),
        ("There are 125 lamps.", ["125"]),
        ("The keeper Anna Moreau lights them.", ["Anna"]),
        ("She calls it “the short round”.", ["the short round"]),
        ("1. The lamps are lit.", []),
        ("Run light_lamps.", ["light_lamps"]),
    ],
)
def test_what_stands_in_no_source_is_told(sentence, lacking):
    assert missing(sentence, [LAMPS]) == lacking


# --- sentences and spans ----------------------------------------------------------


def test_sentence_is_tied_to_the_span_that_says_it_though_it_cites_nothing():
    (one,) = checks("The keeper Ilsa Moreau lights the harbour lamps at dusk.")
    assert (one.why, [span.number for span in one.spans]) == ("", [1])
    (span,) = one.spans
    assert LAMPS[span.start - 100 : span.end - 100] == (
        "The harbour lamps are lit at dusk by the keeper Ilsa Moreau."
    )


def test_sentence_that_rests_on_two_passages_gets_both():
    (one,) = checks("Knead the dough for ten minutes, and light the harbour lamps at dusk.")
    assert one.why == ""
    assert {span.number for span in one.spans} == {1, 2}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("Whales sing at night in winter [1].", "unlike"),
        ("The harbour lamps are lit at dusk by the keeper Otto Moreau [1].", "missing"),
        ("There are 900 of them, the harbour lamps [1].", "missing"),
        ("…", ""),
    ],
)
def test_what_no_passage_supports_is_told_with_the_reason(answer, why):
    assert [one.why for one in checks(answer)] == [why]


def test_checks_cover_the_answer_and_keep_what_the_model_marked():
    answer = "The harbour lamps are lit at dusk [1]. Whales sing [2].\n\nThe dough rests [9]."
    found = checks(answer)
    assert "".join(answer[one.start : one.end] for one in found) == answer
    assert [one.marked for one in found] == [(1,), (2,), ()]


def test_marks_are_those_of_spans_and_of_the_model_only_where_nothing_was_found():
    answer = "The harbour lamps are lit at dusk [2]. Whales sing [2]."
    segments = checked(answer, checks(answer), {1, 2})
    assert [(one.text, one.supported) for one in segments if one.number] == [
        ("[1]", True),
        ("[2]", False),
    ]


def test_without_passages_nothing_is_supported():
    assert [one.why for one in check("The lamps are lit.", [], None, weigh)] == ["unlike"]


def test_embedding_counts_half():
    def embed(texts):  # all the same: every sentence is as near as can be
        return np.ones((len(texts), 1), np.float32)

    (one,) = check("Whales sing.", SOURCES, embed, weigh)
    assert (one.score, one.why) == (0.5, "")


# --- a model of inference -----------------------------------------------------------


def test_inference_decides_in_place_of_the_line():
    model = encoders.load_entailment("fake", Path())
    found = checks(
        "Let the dough rest. The dough rests by itself.",
        entails=lambda pairs: model.probabilities(pairs).tolist(),
    )
    assert [(one.score, one.why) for one in found] == [(1.0, ""), (0.0, "not_entailed")]


@pytest.fixture(scope="module")
def inference(tmp_path_factory):
    """A cross-encoder of three labels with weights of chance."""
    home = made(tmp_path_factory.mktemp("nli") / "model", labels=3)
    config = json.loads((home / "config.json").read_text())
    names = ["contradiction", "entailment", "neutral"]
    config["id2label"] = {str(n): name for n, name in enumerate(names)}
    config["label2id"] = {name: n for n, name in enumerate(names)}
    (home / "config.json").write_text(json.dumps(config))
    return home


PAIRS = [("the harbour at dawn", "boats"), ("bread with butter", "bread"), ("", "boats " * 200)]


def test_real_model_of_inference_gives_probabilities(inference):
    model = encoders.load_entailment(str(inference), inference.parent)
    assert encoders.load_entailment(str(inference), inference.parent) is model  # kept
    found = model.probabilities(PAIRS)
    assert (found.shape, found.dtype) == ((3,), np.float64)
    assert ((found > 0) & (found < 1)).all()
    assert len(set(found.tolist())) == 3
    assert model.probabilities(PAIRS[:1])[0] == pytest.approx(found[0], abs=1e-5)
    assert model.probabilities([]).shape == (0,)


def test_real_probability_is_that_of_its_label(inference):
    from transformers import AutoTokenizer, BertForSequenceClassification

    made = BertForSequenceClassification.from_pretrained(inference).eval()
    words = AutoTokenizer.from_pretrained(inference)(*PAIRS[0], return_tensors="pt")
    want = made(**words).logits.softmax(-1)[0, 1].item()
    model = encoders.load_entailment(str(inference), inference.parent)
    assert model.probabilities(PAIRS[:1])[0] == pytest.approx(want, abs=1e-4)


def test_model_without_such_a_label_is_told(tmp_path):
    home = made(tmp_path / "model", labels=3)
    with pytest.raises(encoders.ModelMissing, match="no label “entailment”"):
        encoders.load_entailment(str(home), tmp_path)
    with pytest.raises(encoders.ModelMissing):
        encoders.load_entailment(str(tmp_path / "gone"), tmp_path)
