"""A model of any embedding plugin of `llm` that is installed beside the site.

The one module that imports llm. A plugin runs in this very process, with whatever it imports.
"""

import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..pipeline.tokenizer import Tokenizer
from . import metering
from .spec import ItemRefused, ModelMissing, ModelSpec, Vectors

MOST_TEXTS = 64  # at a time, where the plugin names no number of its own


def installed() -> list[str]:
    """The ids of the models that plugins offer. Raises ModelMissing where llm is not here."""
    return sorted({one.model.model_id for one in _llm().get_embedding_models_with_aliases()})


class LlmEncoder:
    """One call at a time: plugins need not be safe between threads."""

    def __init__(self, spec: ModelSpec, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.token_limit = spec.token_limit
        self._spec = spec
        self._lock = threading.Lock()
        self._model = _model(spec.ref)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Raises ItemRefused and ModelMissing, and whatever else the plugin raises."""
        if not texts:
            return np.empty((0, self._spec.dimension), np.float32)
        with self._lock:
            rows = [self._row(text, row) for text, row in self._rows(list(texts))]
        if len(rows) != len(texts) or len({len(row) for row in rows}) != 1:
            raise ModelMissing(f"The plugin's model {self._spec.ref!r} gave vectors that differ.")
        vectors = np.stack(rows)
        if self._spec.dimension and vectors.shape[1] != self._spec.dimension:
            raise ModelMissing(
                f"The plugin's model {self._spec.ref!r} gives {vectors.shape[1]} numbers, but "
                f"{self._spec.dimension} are registered for it."
            )
        metering.add(sum(self.tokenizer.count(text) for text in texts))
        if self._spec.normalised:
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _rows(self, texts: list[str]) -> Iterator[tuple[str, Any]]:
        llm = _llm()
        size = self._model.batch_size or MOST_TEXTS
        try:
            made = self._model.embed_multi(texts, batch_size=size, key=self._spec.api_key or None)
            # One more than there are texts is enough to tell that there are too many.
            yield from itertools.islice(
                itertools.zip_longest(texts, made, fillvalue=""), len(texts) + 1
            )
        except llm.NeedsKeyException as error:
            raise ModelMissing(
                f"The plugin's model {self._spec.ref!r} needs a key: {error} Enter it here, or set "
                "it with: llm keys set."
            ) from error

    def _row(self, text: str, given: Any) -> Vectors:
        try:
            row = np.asarray(given, np.float32)
        except (TypeError, ValueError, OverflowError):
            row = np.empty(0, np.float32)
        if row.ndim != 1 or not len(row) or not np.isfinite(row).all() or not row.any():
            raise ItemRefused(
                f"The plugin's model {self._spec.ref!r} gave no usable vector for the text "
                f"“{' '.join(text.split())[:40]}”."
            )
        return row


def _model(model_id: str) -> Any:
    llm = _llm()
    try:
        return llm.get_embedding_model(model_id)
    except llm.UnknownModelError as error:
        known = ", ".join(installed()) or "none"
        raise ModelMissing(
            f"No plugin of llm that is installed here has the embedding model {model_id!r}. There "
            f"are: {known}. Install its plugin beside the site: pip install llm-…"
        ) from error


def _llm() -> Any:
    try:
        import llm
    except ImportError as error:
        raise ModelMissing(
            "The package llm is not installed. Install it, and the plugin that has the model: "
            "pip install -r requirements-llm.txt llm-…"
        ) from error
    return llm
