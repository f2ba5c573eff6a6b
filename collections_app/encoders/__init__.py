"""Texts to vectors. Knows no Django.

`load` gives a model's encoder, `tokenizer` its tokenizer alone, which costs no weights.
"""

from .loading import load, tokenizer
from .spec import Encoder, ModelMissing, ModelSpec

__all__ = ["Encoder", "ModelMissing", "ModelSpec", "load", "tokenizer"]
