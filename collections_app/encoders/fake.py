"""An encoder without weights, for tests and dry runs: hashed words, one bucket each.

Texts that share words get a high cosine, others one near 0 (feature hashing, Weinberger
et al. 2009).
"""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from ..pipeline.tokenizer import WordTokenizer
from .spec import Vectors

_WORD = re.compile(r"\w+")


class FakeEncoder:
    """Deterministic between processes and machines."""

    def __init__(self, dimension: int, token_limit: int) -> None:
        self.dimension = dimension
        self.token_limit = token_limit
        self.tokenizer = WordTokenizer()

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in _WORD.findall(text.casefold())[: self.token_limit] or [text]:
                bucket, sign = self._place(word)
                row[bucket] += sign
            if not row.any():  # words that cancel each other out
                row[self._place(text)[0]] = 1.0
        lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / lengths

    def _place(self, word: str) -> tuple[int, float]:
        digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
        number = int.from_bytes(digest, "little")
        return number // 2 % self.dimension, 1.0 if number % 2 else -1.0
