"""From a model's specification to its encoder, once per process."""

import importlib
import logging
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from filelock import Timeout

from ..pipeline.tokenizer import ModelTokenizer, Tokenizer, WordTokenizer
from . import verdict
from .conversion import converted, failure, place
from .engines import TORCH, Engine, candidates
from .estimated import EstimatedTokenizer
from .fake import FakeEncoder
from .folder import folder, tokenizer_file
from .layout import NotFast, layout, takes_pictures
from .llm_encoder import LlmEncoder
from .remote_encoder import RemoteEncoder
from .spec import BATCH_TOKENS, Encoder, ModelFixed, ModelMissing, ModelSpec, check
from .truncated import TruncatedEncoder
from .verdict import Verdict

logger = logging.getLogger(__name__)

KEPT = 8  # encoders and tokenizers in one process
ELSEWHERE = ("openai-compatible", "llm-plugin")  # backends that nothing here looks into


def load(
    spec: ModelSpec, models_dir: Path, engine: str = "auto", batch_tokens: int = BATCH_TOKENS
) -> Encoder:
    """The encoder; `engine` is auto, openvino, onnxruntime or torch. Raises ModelMissing.

    `auto` takes OpenVINO, or else ONNX Runtime, where it gives torch's vectors, and torch
    where neither does.
    `batch_tokens` go through the model at once: more needs more memory.
    """
    return _load(spec, models_dir, engine, batch_tokens, os.getpid())


def tokenizer(spec: ModelSpec, models_dir: Path) -> Tokenizer:
    """The model's tokenizer, without its weights. Raises ModelMissing."""
    ref = spec.tokenizer if spec.backend in ELSEWHERE else spec.ref
    return _tokenizer(spec.backend, ref, models_dir)


def prepare(spec: ModelSpec, models_dir: Path, engine: str = "auto") -> None:
    """Do now what the first `load` on a machine would have to: it can take a minute.

    Raises ModelMissing.
    """
    if spec.backend == "sentence-transformers":
        _fast(spec, folder(spec.ref, models_dir), models_dir, engine)


def report(spec: ModelSpec, models_dir: Path, engine: str = "auto") -> Verdict:
    """What runs the model here, how near to torch, or why it is torch. Converts nothing.

    Its engine is empty where the model has not been made ready yet.
    """
    if spec.backend != "sentence-transformers":
        return Verdict(spec.backend, spec.precision)
    try:
        home = folder(spec.ref, models_dir)
        pictures = layout(home).pictures
    except NotFast as error:
        return Verdict(TORCH, spec.precision, refused=str(error))
    except ModelMissing as error:
        return Verdict("", spec.precision, refused=str(error))
    refused = _not_wanted(spec, engine)
    for one in candidates(engine, spec.precision, pictures=pictures):
        into = place(spec, home, models_dir, one)
        found = verdict.read(into)
        if found is None and (reason := failure(into)):
            found = Verdict(TORCH, spec.precision, refused=reason)
        if found is None:
            return Verdict("", spec.precision)
        if not found.refused:
            return found
        refused = found.refused
    return Verdict(TORCH, spec.precision, refused=refused)


@lru_cache(maxsize=KEPT)
def _load(
    spec: ModelSpec, models_dir: Path, engine: str, batch_tokens: int, process: int
) -> Encoder:
    """`process` is its id: an encoder's threads do not come along through a fork."""
    if spec.truncate:
        whole = replace(spec, dimension=0, truncate=False)
        return TruncatedEncoder(
            _load(whole, models_dir, engine, batch_tokens, process), spec.dimension
        )
    if spec.backend == "fake":
        return FakeEncoder(spec.dimension, spec.token_limit)
    words = tokenizer(spec, models_dir)
    if spec.backend == "openai-compatible":
        return RemoteEncoder(spec, words)
    if spec.backend == "llm-plugin":
        return LlmEncoder(spec, words)
    home = folder(spec.ref, models_dir)
    # Each engine is imported where it is used: most processes need one, web pages often none.
    if found := _fast(spec, home, models_dir, engine):
        one, file = found
        module = importlib.import_module(f".{one.module}", __package__)
        encoder: Encoder = module.encoder(spec, layout(home), words, file, batch_tokens)
        return encoder
    from .torch_encoder import TorchEncoder

    return TorchEncoder(spec, home, words, batch_tokens)


@lru_cache(maxsize=KEPT)
def _tokenizer(backend: str, ref: str, models_dir: Path) -> Tokenizer:
    if backend == "fixed":
        raise ModelFixed(
            "This is a fixed set of vectors, one for each of its words: no other text can be "
            "embedded with it."
        )
    if backend == "fake":
        return WordTokenizer()
    if backend in ELSEWHERE and not ref:
        return EstimatedTokenizer()
    if backend == "sentence-transformers" or backend in ELSEWHERE:
        return ModelTokenizer(tokenizer_file(folder(ref, models_dir)))
    raise ModelMissing(f"There is no backend {backend!r}.")


def _fast(spec: ModelSpec, home: Path, models_dir: Path, engine: str) -> tuple[Engine, Path] | None:
    """The engine and the converted model, or None where torch is to run the original."""
    if engine == TORCH:
        return None
    why: Exception = NotFast(_not_wanted(spec, engine))
    pictures = takes_pictures(home)
    for one in candidates(engine, spec.precision, pictures=pictures):
        try:
            found = layout(home)
            check(spec, home, found.dimension, found.most_tokens)
            return one, converted(spec, home, models_dir, one)
        except (NotFast, OSError, Timeout) as error:
            why = error
    if engine != "auto":
        raise ModelMissing(
            f"{engine} cannot run the model {spec.ref!r}: {why}. Set EMBED_ENGINE to auto."
        ) from why
    logger.warning("The model %s runs on torch, more slowly: %s.", spec.ref, why)
    return None


def _not_wanted(spec: ModelSpec, engine: str) -> str:
    """Why no engine but torch is even tried, where none is."""
    if engine == TORCH:
        return "EMBED_ENGINE is torch"
    wanted = "OpenVINO or ONNX Runtime" if engine == "auto" else engine
    return f"{wanted} is not installed, or not for the precision {spec.precision}"
