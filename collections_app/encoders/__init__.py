"""Texts to vectors. Knows no Django.

`load` gives a model's encoder, `tokenizer` its tokenizer alone, which costs no weights;
`prepare` does ahead what the first `load` on a machine has to do.
"""

from .loading import load, prepare, tokenizer
from .spec import Encoder, ModelMissing, ModelSpec

__all__ = ["Encoder", "ModelMissing", "ModelSpec", "load", "prepare", "tokenizer"]
