"""Texts to vectors under a registered model: from a database row to its encoder."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

import numpy as np
from django.conf import settings

from collections_app import encoders, sealed
from collections_app.models import EmbeddingModel
from collections_app.pipeline.tokenizer import Tokenizer

QUERIES_KEPT = 1024  # vectors of recent queries, 1.5 kB each at 384 numbers


def spec(model: EmbeddingModel) -> encoders.ModelSpec:
    """What the encoders need to know of a model. Raises ModelMissing for a key out of reach."""
    return encoders.ModelSpec(
        backend=model.backend,
        ref=model.ref,
        dimension=model.dimension,
        token_limit=model.token_limit,
        normalised=model.normalised,
        precision=model.precision,
        truncate=model.truncate_dimension is not None,
        base_url=model.base_url,
        api_key=_key(model),
        tokenizer=model.tokenizer,
        seconds=settings.EMBED_TIMEOUT_SECONDS,
    )


def _key(model: EmbeddingModel) -> str:
    try:
        return str(sealed.unseal(model.secrets, sealed.MODELS).get("api_key", ""))
    except sealed.KeyChanged as error:
        raise encoders.ModelMissing(
            f"The key of the model {model.name!r} cannot be read: SECRETS_KEY or SECRET_KEY has "
            "changed. Enter it again."
        ) from error


def encoder(model: EmbeddingModel) -> encoders.Encoder:
    """The model's encoder, loaded once per process. Raises what `encoders.load` raises."""
    return _load(spec(model))


def tokenizer(model: EmbeddingModel) -> Tokenizer:
    """The model's tokenizer, without its weights. Raises what `encoders.tokenizer` raises."""
    return encoders.tokenizer(spec(model), _models())


def prepare(model: EmbeddingModel) -> None:
    """What the model's first use on this machine needs, done now. Raises ModelMissing."""
    encoders.prepare(spec(model), _models(), settings.EMBED_ENGINE)


def report(model: EmbeddingModel) -> encoders.Verdict:
    """What runs the model on this machine, and how near to its own library; loads nothing."""
    return encoders.report(spec(model), _models(), settings.EMBED_ENGINE)


def prefixed(model: EmbeddingModel, text: str, kind: Literal["query", "passage"]) -> str:
    """The text as the model is to see it: some models want each kind announced."""
    return (model.query_prefix if kind == "query" else model.passage_prefix) + text


def embed(model: EmbeddingModel, texts: list[str], kind: Literal["query", "passage"]) -> np.ndarray:
    """The texts' vectors: float32, (len(texts), dimension)."""
    return encoder(model).encode([prefixed(model, text, kind) for text in texts])


def picture_encoder(model: EmbeddingModel) -> encoders.PictureEncoder:
    """Of a model that takes pictures. Raises ModelMissing for another, and as `encoder` does."""
    if not model.takes_pictures:
        raise encoders.ModelMissing(
            f"The model {model.name!r} takes no pictures. Choose one that does, such as "
            "clip-ViT-B-32."
        )
    return cast(encoders.PictureEncoder, encoder(model))


def embed_pictures(model: EmbeddingModel, pictures: Sequence[bytes]) -> np.ndarray:
    """Vectors of pictures that were decoded before, as copies have it: float32, (n, dimension).

    Pictures get no prefix. Raises ModelMissing.
    """
    return picture_encoder(model).encode_pictures(pictures)


def embed_query(model: EmbeddingModel, text: str) -> np.ndarray:
    """A query's vector: float32, (dimension,), read-only; recent ones are remembered.

    A model that runs elsewhere gets one short try: somebody waits. Raises ModelMissing.
    """
    wanted = spec(model)
    if model.remote:
        wanted = replace(wanted, seconds=settings.EMBED_QUERY_SECONDS, retries=0)
    return _query_vector(wanted, prefixed(model, text, "query"))


@lru_cache(maxsize=QUERIES_KEPT)
def _query_vector(model: encoders.ModelSpec, text: str) -> np.ndarray:
    vector: np.ndarray = _load(model).encode([text])[0]
    vector.setflags(write=False)
    return vector


def _load(model: encoders.ModelSpec) -> encoders.Encoder:
    return encoders.load(model, _models(), settings.EMBED_ENGINE, settings.EMBED_BATCH_TOKENS)


def _models() -> Path:
    return Path(settings.MODELS_DIR)
