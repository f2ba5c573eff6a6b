"""Any sentence-transformers model, as its own library runs it: encoders and cross-encoders.

The one module that imports torch and sentence_transformers. It takes 5 s and 600 MB, so it
is itself imported only by what runs a model this way or converts it.
"""

import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder, SentenceTransformer
from transformers.utils import logging

from ..pipeline.tokenizer import Tokenizer
from .clip import PICTURES, opened
from .folder import read_json
from .layout import CLIP_SCALE, most_tokens
from .spec import BATCH_TOKENS, ModelMissing, ModelSpec, Vectors, check

PAIRS = 16  # of a query and a text, in one batch
ENTAILMENT = "ENTAILMENT_MODEL"  # the setting that names one


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

    @property
    def scale(self) -> float:
        """Of a model that sees."""
        found = getattr(self.model[0].auto_model, "logit_scale", None)
        return CLIP_SCALE if found is None else float(found.detach().exp())

    def encode_pictures(self, pictures: Sequence[bytes]) -> Vectors:
        if not pictures:
            return np.empty((0, self._dimension), np.float32)
        with self._lock:
            made = [
                self.model.encode(
                    [opened(one) for one in pictures[start : start + PICTURES]],
                    normalize_embeddings=self._spec.normalised,
                    show_progress_bar=False,
                )
                for start in range(0, len(pictures), PICTURES)
            ]
        return np.concatenate(made).astype(np.float32)


class ClipTexts(torch.nn.Module):
    """The part of a CLIP that reads, as it is converted: ids and mask to vectors."""

    def __init__(self, encoder: TorchEncoder) -> None:
        super().__init__()
        self.clip: Any = _whole(encoder)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        made = self.clip.get_text_features(input_ids=input_ids, attention_mask=attention_mask)
        vectors: torch.Tensor = getattr(made, "pooler_output", made)
        return vectors


class ClipPictures(torch.nn.Module):
    """The part that sees: pixels (n, 3, side, side) to vectors."""

    def __init__(self, encoder: TorchEncoder) -> None:
        super().__init__()
        self.clip: Any = _whole(encoder)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        made = self.clip.get_image_features(pixel_values=pixel_values)
        vectors: torch.Tensor = getattr(made, "pooler_output", made)
        return vectors


def _whole(encoder: TorchEncoder) -> Any:
    clip = encoder.model[0].auto_model
    assert isinstance(clip, torch.nn.Module)
    return clip.eval().requires_grad_(False)


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


def example_picture(side: int) -> torch.Tensor:
    """Any input of `ClipPictures`."""
    return torch.zeros(2, 3, side, side)


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


class TorchReranker:
    """A cross-encoder of one score a pair. One call at a time, as above."""

    def __init__(self, folder: Path, device: str | None = None) -> None:
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self._folder = folder
        self._lock = threading.Lock()
        _check_cross_encoder(folder)
        try:
            self.model = CrossEncoder(str(folder), device=device, local_files_only=True)
            found = self.model.num_labels
        except Exception as error:  # whatever is broken, each library has an error of its own
            raise ModelMissing(
                f"The reranker in {folder} cannot be loaded: {error}. "
                "Copy all of its files there again."
            ) from error
        if found != 1:
            raise ModelMissing(
                f"The model in {folder} gives {found} numbers for a query and a text; a reranker "
                "gives one. Choose another for RERANKER."
            )
        limits = [self.model.max_seq_length, _most_tokens(self.model)]
        self.model.max_seq_length = min(limit for limit in limits if limit)

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """The logistic function of what the model says of each pair."""
        if not texts:
            return np.empty(0, np.float64)
        try:
            with self._lock:
                made = self.model.predict(
                    [(query, text) for text in texts],
                    batch_size=PAIRS,
                    activation_fn=torch.nn.Identity(),
                    show_progress_bar=False,
                )
        except (RuntimeError, ValueError, IndexError) as error:
            raise ModelMissing(
                f"The reranker in {self._folder} cannot be run: {error}. Copy all of its files "
                "there again, or choose another for RERANKER."
            ) from error
        logits = np.asarray(made, np.float64)
        if not np.isfinite(logits).all():
            raise ModelMissing(
                f"The reranker in {self._folder} gave numbers that are not finite. Choose another "
                "for RERANKER."
            )
        scores: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
        return scores


class TorchEntailment:
    """A cross-encoder with a label called entailment. One call at a time, as above."""

    def __init__(self, folder: Path, device: str | None = None) -> None:
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self._lock = threading.Lock()
        self._folder = folder
        _check_cross_encoder(folder, ENTAILMENT)
        labels = read_json(folder / "config.json").get("id2label") or {}
        entailing = [int(n) for n, name in labels.items() if str(name).lower() == "entailment"]
        if len(entailing) != 1 or len(labels) < 2:
            names = ", ".join(map(str, labels.values())) or "none"
            raise ModelMissing(
                f"The model in {folder} has no label “entailment” (its labels: {names}). Choose a "
                f"model of natural language inference for {ENTAILMENT}."
            )
        self._entailing = entailing[0]
        try:
            self.model = CrossEncoder(str(folder), device=device, local_files_only=True)
        except Exception as error:  # whatever is broken, each library has an error of its own
            raise ModelMissing(
                f"The model in {folder} cannot be loaded: {error}. Copy all of its files there "
                "again."
            ) from error
        limits = [self.model.max_seq_length, _most_tokens(self.model)]
        self.model.max_seq_length = min(limit for limit in limits if limit)

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """The softmax of what the model says of each pair, at its label entailment."""
        if not pairs:
            return np.empty(0, np.float64)
        try:
            with self._lock:
                made = self.model.predict(
                    list(pairs),
                    batch_size=PAIRS,
                    activation_fn=torch.nn.Softmax(dim=-1),
                    show_progress_bar=False,
                )
            found = np.asarray(made, np.float64)[:, self._entailing]
        except (RuntimeError, ValueError, IndexError) as error:
            raise ModelMissing(
                f"The model in {self._folder} cannot be run: {error}. Copy all of its files there "
                f"again, or choose another for {ENTAILMENT}."
            ) from error
        if not np.isfinite(found).all():
            raise ModelMissing(
                f"The model in {self._folder} gave numbers that are not finite. Choose another "
                f"for {ENTAILMENT}."
            )
        return found


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


def _check_cross_encoder(folder: Path, setting: str = "RERANKER") -> None:
    """Other models would load too, and rank by weights of chance. Raises ModelMissing."""
    kinds = [module["type"] for module in read_json(folder / "modules.json")]
    built = read_json(folder / "config.json").get("architectures") or []
    if any(kind.endswith("Pooling") for kind in kinds) or not (
        kinds or any(name.endswith("ForSequenceClassification") for name in built)
    ):
        raise ModelMissing(
            f"The model in {folder} is no cross-encoder: it does not score pairs of texts. Choose "
            f"another for {setting}."
        )


def _most_tokens(model: SentenceTransformer | CrossEncoder) -> int | None:
    """How far its positions reach, which may be further than the length it was set to."""
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    positions: int | None = getattr(config, "max_position_embeddings", None)
    if config is None or positions is None:
        return model.max_seq_length
    return most_tokens(config.model_type, positions, config.pad_token_id or 0)
