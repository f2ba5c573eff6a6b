"""The first numbers of a model's vectors, for models trained so that these say the most.

Matryoshka representation learning, Kusupati et al. 2022.
"""

from collections.abc import Sequence

import numpy as np

from ..pipeline.tokenizer import Tokenizer
from .spec import Encoder, ModelMissing, Vectors


class TruncatedEncoder:
    """Vectors of unit length, `dimension` numbers each."""

    def __init__(self, whole: Encoder, dimension: int) -> None:
        self._whole = whole
        self._dimension = dimension

    @property
    def tokenizer(self) -> Tokenizer:
        return self._whole.tokenizer

    @property
    def token_limit(self) -> int:
        return self._whole.token_limit

    def encode(self, texts: Sequence[str]) -> Vectors:
        made = self._whole.encode(texts)
        if not len(made):
            return np.empty((0, self._dimension), np.float32)
        return cut(made, self._dimension)

    @property
    def scale(self) -> float:
        return float(getattr(self._whole, "scale", 1.0))

    def encode_pictures(self, pictures: Sequence[bytes]) -> Vectors:
        """Of a model that sees; another raises ModelMissing."""
        if not hasattr(self._whole, "encode_pictures"):
            raise ModelMissing("The model takes no pictures.")
        return cut(self._whole.encode_pictures(pictures), self._dimension)


def cut(vectors: Vectors, dimension: int) -> Vectors:
    """Raises ModelMissing where there are not so many numbers."""
    if vectors.shape[1] < dimension:
        raise ModelMissing(
            f"The model gives {vectors.shape[1]} numbers; they cannot be cut to {dimension}."
        )
    kept: Vectors = np.array(vectors[:, :dimension], np.float32)
    lengths = np.linalg.norm(kept, axis=1, keepdims=True)
    kept /= np.maximum(lengths, np.finfo(np.float32).tiny)
    return kept
