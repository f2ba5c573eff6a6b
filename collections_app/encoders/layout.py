"""What a model is made of, read from its folder: whether the fast path can run it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open

from .folder import read_json

BERT_LIKE = frozenset({"bert", "roberta", "xlm-roberta", "mpnet", "distilbert", "camembert"})
AFTER_PADDING = frozenset({"roberta", "xlm-roberta", "mpnet", "camembert"})

CLIP_SCALE = 100.0  # its learned scale was held below this (Radford et al. 2021, 2.5)
SCALE = "logit_scale"
OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_DEVIATION = (0.26862954, 0.26130258, 0.27577711)
STEPS = ("resize", "center_crop", "rescale", "normalize")


class NotFast(Exception):  # noqa: N818 - a statement about the model
    """The fast path cannot run this model; the message says why."""


@dataclass(frozen=True)
class Layout:
    """A BERT-like transformer whose token vectors are averaged."""

    dimension: int
    most_tokens: int
    padding_id: int
    normalises: bool
    pictures: bool = False


@dataclass(frozen=True)
class ClipLayout(Layout):
    """Two transformers, of texts and of pictures, into one space (CLIP).

    A picture's shorter side is brought to `edge` pixels, its middle cut to `side`, and each
    colour `(value / 255 - mean) / deviation`.
    """

    edge: int = 224
    side: int = 224
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    deviation: tuple[float, ...] = (1.0, 1.0, 1.0)
    scale: float = CLIP_SCALE


def takes_pictures(model: Path) -> bool:
    """Whether the model in the folder has a part that sees."""
    return "vision_config" in read_json(_first(model) / "config.json")


def layout(model: Path) -> Layout:
    """Raises NotFast for a model made of anything else."""
    modules = read_json(model / "modules.json")
    kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
    if kinds in (["CLIPModel"], ["Transformer"], ["CLIPModel", "Normalize"]):
        return _clip(_first(model), "Normalize" in kinds)
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


def _first(model: Path) -> Path:
    """The folder of its first module."""
    modules: list[dict[str, str]] = list(read_json(model / "modules.json"))
    return model / modules[0].get("path", "") if modules else model


def _clip(inner: Path, normalises: bool) -> ClipLayout:
    config = read_json(inner / "config.json")
    if config.get("model_type") != "clip":
        raise NotFast(f"it is of the type {config.get('model_type')}")
    told = read_json(inner / "processor_config.json").get("image_processor")
    told = told or read_json(inner / "preprocessor_config.json")
    texts = config.get("text_config") or {}
    if told.get("resample", 3) != 3 or any(told.get(f"do_{step}") is False for step in STEPS):
        raise NotFast("its pictures are prepared in a way of their own")
    return ClipLayout(
        dimension=config.get("projection_dim", 512),
        most_tokens=texts.get("max_position_embeddings", 77),
        padding_id=texts.get("pad_token_id") or 0,
        normalises=normalises,
        pictures=True,
        edge=_length(told.get("size", 224), "shortest_edge"),
        side=_length(told.get("crop_size", 224), "height"),
        mean=tuple(told["image_mean"]) if "image_mean" in told else OPENAI_MEAN,
        deviation=tuple(told["image_std"]) if "image_std" in told else OPENAI_DEVIATION,
        scale=_scale(inner),
    )


def _length(told: int | dict[str, int], name: str) -> int:
    return told if isinstance(told, int) else told[name]


def _scale(inner: Path) -> float:
    """What the weights say; where they are kept otherwise, what CLIP came to."""
    file = inner / "model.safetensors"
    if not file.is_file():
        return CLIP_SCALE
    with safe_open(str(file), "numpy") as weights:
        names = weights.keys()
        return float(np.exp(weights.get_tensor(SCALE))) if SCALE in names else CLIP_SCALE


def most_tokens(kind: str, positions: int, padding_id: int) -> int:
    """Some count their positions from behind the padding's own number."""
    return positions - padding_id - 1 if kind in AFTER_PADDING else positions


def _check_pooling(module: Path) -> None:
    config = read_json(module / "config.json")
    old = [key for key, on in config.items() if key.startswith("pooling_mode_") and on is True]
    if config.get("pooling_mode", old) not in ("mean", ["mean"], ["pooling_mode_mean_tokens"]):
        raise NotFast("it does not take the mean of its token vectors")
