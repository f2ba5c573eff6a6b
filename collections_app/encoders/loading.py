"""From a model's specification to its encoder, once per process."""

import logging
import os
from functools import lru_cache
from pathlib import Path

from filelock import Timeout

from ..pipeline.tokenizer import ModelTokenizer, Tokenizer, WordTokenizer
from .conversion import converted
from .fake import FakeEncoder
from .folder import folder, tokenizer_file
from .layout import NotFast, layout
from .spec import BATCH_TOKENS, Encoder, ModelMissing, ModelSpec, check

logger = logging.getLogger(__name__)

KEPT = 8  # encoders and tokenizers in one process


def load(
    spec: ModelSpec, models_dir: Path, engine: str = "auto", batch_tokens: int = BATCH_TOKENS
) -> Encoder:
    """The encoder; `engine` is auto, openvino or torch. Raises ModelMissing.

    `auto` takes OpenVINO where it gives torch's vectors, and torch otherwise.
    `batch_tokens` go through the model at once: more needs more memory.
    """
    return _load(spec, models_dir, engine, batch_tokens, os.getpid())


def tokenizer(spec: ModelSpec, models_dir: Path) -> Tokenizer:
    """The model's tokenizer, without its weights. Raises ModelMissing."""
    return _tokenizer(spec.backend, spec.ref, models_dir)


def prepare(spec: ModelSpec, models_dir: Path, engine: str = "auto") -> None:
    """Do now what the first `load` on a machine would have to: it can take a minute.

    Raises ModelMissing.
    """
    if spec.backend == "sentence-transformers":
        _fast_file(spec, folder(spec.ref, models_dir), models_dir, engine)


@lru_cache(maxsize=KEPT)
def _load(
    spec: ModelSpec, models_dir: Path, engine: str, batch_tokens: int, process: int
) -> Encoder:
    """`process` is its id: an encoder's threads do not come along through a fork."""
    if spec.backend == "fake":
        return FakeEncoder(spec.dimension, spec.token_limit)
    words = tokenizer(spec, models_dir)
    place = folder(spec.ref, models_dir)
    # Each engine is imported where it is used: most processes need one, web pages often none.
    if file := _fast_file(spec, place, models_dir, engine):
        from .openvino_encoder import OpenVinoEncoder

        assert isinstance(words, ModelTokenizer)
        return OpenVinoEncoder(spec, layout(place), words, file, batch_tokens)
    from .torch_encoder import TorchEncoder

    return TorchEncoder(spec, place, words, batch_tokens)


@lru_cache(maxsize=KEPT)
def _tokenizer(backend: str, ref: str, models_dir: Path) -> Tokenizer:
    if backend == "fake":
        return WordTokenizer()
    if backend == "sentence-transformers":
        return ModelTokenizer(tokenizer_file(folder(ref, models_dir)))
    raise ModelMissing(f"There is no backend {backend!r}.")


def _fast_file(spec: ModelSpec, place: Path, models_dir: Path, engine: str) -> Path | None:
    """The converted model, or None where torch is to run the original."""
    if engine == "torch":
        return None
    try:
        found = layout(place)
        check(spec, place, found.dimension, found.most_tokens)
        return converted(spec, place, models_dir)
    except (NotFast, OSError, Timeout) as error:
        if engine == "openvino":
            raise ModelMissing(
                f"OpenVINO cannot run the model {spec.ref!r}: {error}. Set EMBED_ENGINE to auto."
            ) from error
        logger.warning("The model %s runs on torch, more slowly: %s.", spec.ref, error)
        return None
