"""CLIP on another engine than torch: two networks; pictures prepared as its library does it."""

from collections.abc import Sequence
from io import BytesIO
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..pipeline.tokenizer import ModelTokenizer
from .layout import ClipLayout
from .padded import batches
from .spec import BATCH_TOKENS, ModelSpec, Vectors

PICTURES = 16  # decoded and computed at once
WHITE = (255, 255, 255, 255)


class Network(Protocol):
    """One of the two transformers. Safe to call from any thread."""

    def run(self, *inputs: NDArray[np.int64] | Vectors) -> Vectors:
        """Vectors (n, dimension): of ids and mask (n, tokens), or of pixels (n, 3, side, side)."""


class ClipEncoder:
    """A `PictureEncoder`."""

    def __init__(
        self,
        spec: ModelSpec,
        layout: ClipLayout,
        tokenizer: ModelTokenizer,
        texts: Network,
        pictures: Network,
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        self.tokenizer = tokenizer
        self.token_limit = spec.token_limit
        self.scale = layout.scale
        self._layout = layout
        self._batch_tokens = batch_tokens
        self._normalise = spec.normalised or layout.normalises
        self._texts, self._pictures = texts, pictures

    def encode(self, texts: Sequence[str]) -> Vectors:
        ids = self.tokenizer.ids(list(texts), self.token_limit)
        vectors = np.empty((len(ids), self._layout.dimension), np.float32)
        for rows in batches(ids, self._batch_tokens):
            width = max(len(ids[row]) for row in rows)
            padded = np.full((len(rows), width), self._layout.padding_id, np.int64)
            mask = np.zeros((len(rows), width), np.int64)
            for n, row in enumerate(rows):
                padded[n, : len(ids[row])] = ids[row]
                mask[n, : len(ids[row])] = 1
            vectors[rows] = self._texts.run(padded, mask)
        return self._finished(vectors)

    def encode_pictures(self, pictures: Sequence[bytes]) -> Vectors:
        vectors = np.empty((len(pictures), self._layout.dimension), np.float32)
        for start in range(0, len(pictures), PICTURES):
            some = [pixels(opened(one), self._layout) for one in pictures[start : start + PICTURES]]
            vectors[start : start + len(some)] = self._pictures.run(np.stack(some))
        return self._finished(vectors)

    def _finished(self, vectors: Vectors) -> Vectors:
        if self._normalise:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)
        return vectors


def opened(data: bytes) -> Image.Image:
    """In RGB; what is transparent is white, as pages show it."""
    with Image.open(BytesIO(data)) as image:
        if not image.has_transparency_data:
            return image.convert("RGB")
        above = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", above.size, WHITE), above).convert("RGB")


def pixels(image: Image.Image, layout: ClipLayout) -> Vectors:
    """(3, side, side), as `CLIPImageProcessor` has it."""
    width, height = image.size
    edge, side = layout.edge, layout.side
    size = (
        (edge, int(edge * height / width))
        if width <= height
        else (int(edge * width / height), edge)
    )
    shrunk = image.resize(size, Image.Resampling.BICUBIC)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    cut = np.asarray(shrunk.crop((left, top, left + side, top + side)), np.float32) / 255
    mean, deviation = (np.array(told, np.float32) for told in (layout.mean, layout.deviation))
    return np.ascontiguousarray(((cut - mean) / deviation).transpose(2, 0, 1))
