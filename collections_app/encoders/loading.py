"""From a model's specification to its encoder, once per process."""

from functools import lru_cache
from pathlib import Path

from ..pipeline.tokenizer import ModelTokenizer, Tokenizer, WordTokenizer
from .fake import FakeEncoder
from .spec import Encoder, ModelMissing, ModelSpec

LOADED = 8  # encoders kept in one process


@lru_cache(maxsize=LOADED)
def load(spec: ModelSpec, models_dir: Path, engine: str = "auto") -> Encoder:
    """The encoder; `engine` is auto, openvino or torch. Raises ModelMissing."""
    if spec.backend == "fake":
        return FakeEncoder(spec.dimension, spec.token_limit)
    raise ModelMissing(f"There is no backend {spec.backend!r}.")


@lru_cache(maxsize=LOADED)
def tokenizer(spec: ModelSpec) -> Tokenizer:
    """The model's tokenizer, without its weights. Raises ModelMissing."""
    if spec.backend == "fake":
        return WordTokenizer()
    raise ModelMissing(f"There is no backend {spec.backend!r}.")
