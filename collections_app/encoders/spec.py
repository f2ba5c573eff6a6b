"""What an encoder is, and what one needs to know of a model to make it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..pipeline.tokenizer import Tokenizer

Vectors = NDArray[np.float32]


class ModelMissing(Exception):  # noqa: N818 - a statement about the model
    """The model's files are not where they should be; the message says what to do."""


@dataclass(frozen=True)
class ModelSpec:
    """A model, by what decides its vectors. `token_limit` counts special tokens too."""

    backend: str
    ref: str
    dimension: int
    token_limit: int
    normalised: bool = True


class Encoder(Protocol):
    """Safe to call from any thread."""

    tokenizer: Tokenizer
    token_limit: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, (len(texts), dimension), in the order given; texts over the limit are cut."""
