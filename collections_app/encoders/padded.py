"""BERT-like models on an engine other than torch, which is never imported.

Texts are tokenised, sorted by length and packed into batches of so many tokens,
padded to the longest of the batch; the mean over the mask and the length are taken in numpy.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..pipeline.tokenizer import ModelTokenizer
from .layout import Layout
from .spec import BATCH_TOKENS, ModelSpec, Vectors

EXACT_TOKENS = 512  # a call of no more is computed in float32: queries, single texts

Ids = list[list[int]]


class Network(Protocol):
    """The transformer. Safe to call from any thread."""

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Vectors:
        """Token vectors (texts, tokens, numbers) of ids and mask (texts, tokens)."""


class PaddedEncoder:
    """What is short runs on the network `exact`, the rest on `fast`; they may be the same."""

    def __init__(
        self,
        spec: ModelSpec,
        layout: Layout,
        tokenizer: ModelTokenizer,
        exact: Network,
        fast: Network,
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        self.tokenizer = tokenizer
        self.token_limit = spec.token_limit
        self._batch_tokens = batch_tokens
        self._dimension = layout.dimension
        self._padding = layout.padding_id
        self._normalise = spec.normalised or layout.normalises
        self._exact = exact
        self._fast = fast

    def encode(self, texts: Sequence[str]) -> Vectors:
        ids = self.tokenizer.ids(list(texts), self.token_limit)
        network = self._exact if sum(map(len, ids)) <= EXACT_TOKENS else self._fast
        vectors = np.empty((len(ids), self._dimension), np.float32)
        for rows in batches(ids, self._batch_tokens):
            vectors[rows] = self._mean(network, [ids[row] for row in rows])
        if self._normalise:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)
        return vectors

    def _mean(self, network: Network, ids: Ids) -> Vectors:
        shape = (len(ids), max(map(len, ids)))
        padded = np.full(shape, self._padding, np.int64)
        mask = np.zeros(shape, np.int64)
        for n, row in enumerate(ids):
            padded[n, : len(row)] = row
            mask[n, : len(row)] = 1
        weights = mask.astype(np.float32)
        weights /= weights.sum(axis=1, keepdims=True)
        means: Vectors = np.matmul(weights[:, None, :], network.run(padded, mask))[:, 0]
        return means


def batches(ids: Ids, most: int) -> Iterator[list[int]]:
    """Row numbers, longest rows first, so that memory is asked for once."""
    batch: list[int] = []
    width = 0
    for row in sorted(range(len(ids)), key=lambda row: -len(ids[row])):
        if batch and width * (len(batch) + 1) > most:
            yield batch
            batch = []
        if not batch:
            width = len(ids[row])
        batch.append(row)
    if batch:
        yield batch
