"""Any sentence-transformers model, as its own library runs it.

The one module that imports torch and sentence_transformers. It takes 5 s and 600 MB, so it
is itself imported only by what runs a model this way or converts it.
"""

import threading
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils import logging

from ..pipeline.tokenizer import Tokenizer
from .layout import most_tokens
from .spec import BATCH_TOKENS, ModelMissing, ModelSpec, Vectors, check


class TorchEncoder:
    """One call at a time: the library's tokenizer is not safe between threads."""

    def __init__(
        self,
        spec: ModelSpec,
        folder: Path,
        tokenizer: Tokenizer,
        batch_tokens: int = BATCH_TOKENS,
        device: str | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.token_limit = spec.token_limit
        self._spec = spec
        self._batch = max(1, batch_tokens // spec.token_limit)
        self._lock = threading.Lock()
        self.model = _loaded(folder, device)
        found = self.model.get_embedding_dimension()
        check(spec, folder, found, _most_tokens(self.model))
        self._dimension = found or spec.dimension
        self.model.max_seq_length = spec.token_limit

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self._dimension), np.float32)
        with self._lock:
            made = self.model.encode(
                list(texts),
                prompt="",  # prefixes are the site's own, from the model's row
                batch_size=self._batch,
                normalize_embeddings=self._spec.normalised,
                show_progress_bar=False,
            )
        return np.asarray(made, np.float32)


class TokenVectors(torch.nn.Module):
    """A model's transformer alone, as it is converted: ids and mask to token vectors."""

    def __init__(self, encoder: TorchEncoder) -> None:
        super().__init__()
        transformer = encoder.model[0].auto_model
        assert isinstance(transformer, torch.nn.Module)
        self.transformer = transformer.eval().requires_grad_(False)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        made = self.transformer(input_ids=input_ids, attention_mask=attention_mask)
        vectors: torch.Tensor = made.last_hidden_state
        return vectors


def example() -> dict[str, torch.Tensor]:
    """Any input of `TokenVectors`: two texts of eight tokens."""
    ids = torch.ones(2, 8, dtype=torch.int64)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def export(model: TokenVectors, file: Path) -> None:
    """As ONNX, for any number of texts of any length."""
    given = example()
    shape = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        model,
        tuple(given.values()),
        str(file),
        dynamo=False,  # the other way needs onnxscript too
        input_names=list(given),
        output_names=["vectors"],
        dynamic_axes=dict.fromkeys([*given, "vectors"], shape),
    )


def _loaded(folder: Path, device: str | None) -> SentenceTransformer:
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():  # the library's talk about its own next version
            warnings.simplefilter("ignore")
            return SentenceTransformer(str(folder), device=device, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelMissing(
            f"The model in {folder} cannot be loaded: {error}. Copy all of its files there again."
        ) from error


def _most_tokens(model: SentenceTransformer) -> int | None:
    """How far its positions reach, which may be further than the length it was set to."""
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    positions: int | None = getattr(config, "max_position_embeddings", None)
    if config is None or positions is None:
        return model.max_seq_length
    return most_tokens(config.model_type, positions, config.pad_token_id or 0)
