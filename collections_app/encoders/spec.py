"""What an encoder is, and what one needs to know of a model to make it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..pipeline.tokenizer import Tokenizer

Vectors = NDArray[np.float32]
BATCH_TOKENS = 2048  # measured: below it calls cost, above it the caches overflow

AUTO, FLOAT32, INT8 = "auto", "float32", "int8"  # precisions


class ModelMissing(Exception):  # noqa: N818 - a statement about the model
    """The model cannot be had as it is registered; the message says what to do."""


class ModelAway(ModelMissing):
    """The model's server does not answer now: that may pass by itself."""


class ModelFixed(ModelMissing):
    """The model is a fixed set of vectors: there is nothing to make others with."""


class ItemRefused(Exception):  # noqa: N818 - a statement about the text
    """The model takes no such text, or gives no vector for it; the message names the text."""


@dataclass(frozen=True)
class ModelSpec:
    """A model, by what decides its vectors. `token_limit` counts special tokens too.

    A `dimension` of 0 is not known yet. `truncate`: the vectors are cut to `dimension`.
    `precision` is of passages: auto, what the processor is fast in without loss that counts
    (bfloat16 where it knows it); float32; or int8, faster still, at some cost in neighbours.
    The rest is of models that run elsewhere: `seconds` bounds one request to the server, and
    `retries` how often it is made again.
    """

    backend: str
    ref: str
    dimension: int
    token_limit: int
    normalised: bool = True
    precision: str = AUTO
    truncate: bool = False
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    tokenizer: str = ""
    seconds: float = 60.0
    retries: int = 4


def check(spec: ModelSpec, folder: Path, dimension: int | None, most_tokens: int | None) -> None:
    """That the model in the folder is what is registered. Raises ModelMissing."""
    if spec.dimension and dimension != spec.dimension:
        raise ModelMissing(
            f"The model in {folder} gives {dimension} numbers, but {spec.dimension} are "
            "registered for it. Correct its dimension."
        )
    if most_tokens is not None and most_tokens < spec.token_limit:
        raise ModelMissing(
            f"The model in {folder} takes {most_tokens} tokens, but {spec.token_limit} are "
            "registered for it. Correct its token limit."
        )


class Encoder(Protocol):
    """Safe to call from any thread."""

    @property
    def tokenizer(self) -> Tokenizer: ...

    @property
    def token_limit(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, (len(texts), dimension), in the order given; texts over the limit are cut."""


class PictureEncoder(Encoder, Protocol):
    """Texts and pictures in one space, as CLIP has it (Radford et al. 2021)."""

    @property
    def scale(self) -> float:
        """What the model was taught to multiply cosines with before a softmax over them."""

    def encode_pictures(self, pictures: Sequence[bytes]) -> Vectors:
        """float32, (len(pictures), dimension). The bytes are of our own copies: a picture that
        came in from outside is decoded in the sandbox first."""
