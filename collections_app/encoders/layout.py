"""What a model is made of, read from its folder: whether the fast path can run it."""

from dataclasses import dataclass
from pathlib import Path

from .folder import read_json

BERT_LIKE = frozenset({"bert", "roberta", "xlm-roberta", "mpnet", "distilbert", "camembert"})
AFTER_PADDING = frozenset({"roberta", "xlm-roberta", "mpnet", "camembert"})


class NotFast(Exception):  # noqa: N818 - a statement about the model
    """The fast path cannot run this model; the message says why."""


@dataclass(frozen=True)
class Layout:
    """A BERT-like transformer whose token vectors are averaged."""

    dimension: int
    most_tokens: int
    padding_id: int
    normalises: bool


def layout(model: Path) -> Layout:
    """Raises NotFast for a model made of anything else."""
    modules = read_json(model / "modules.json")
    kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise NotFast(f"its modules are {', '.join(kinds) or 'not listed in modules.json'}")
    _check_pooling(model / modules[1]["path"])
    transformer = model / modules[0]["path"]
    if read_json(transformer / "sentence_bert_config.json").get("do_lower_case"):
        raise NotFast("it lowers the case of its texts outside its tokenizer")
    config = read_json(transformer / "config.json")
    kind = config.get("model_type")
    if kind not in BERT_LIKE:
        raise NotFast(f"its transformer is of the type {kind}")
    padding = config.get("pad_token_id", 0)
    return Layout(
        dimension=config["dim" if kind == "distilbert" else "hidden_size"],
        most_tokens=most_tokens(kind, config["max_position_embeddings"], padding),
        padding_id=padding,
        normalises="Normalize" in kinds,
    )


def most_tokens(kind: str, positions: int, padding_id: int) -> int:
    """Some count their positions from behind the padding's own number."""
    return positions - padding_id - 1 if kind in AFTER_PADDING else positions


def _check_pooling(module: Path) -> None:
    config = read_json(module / "config.json")
    old = [key for key, on in config.items() if key.startswith("pooling_mode_") and on is True]
    if config.get("pooling_mode", old) not in ("mean", ["mean"], ["pooling_mode_mean_tokens"]):
        raise NotFast("it does not take the mean of its token vectors")
