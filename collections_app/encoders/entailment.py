"""Whether one text follows from another, told by a cross-encoder of natural language inference."""

import importlib
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .folder import folder

FAKE = "fake"
Probabilities = NDArray[np.float64]


class Entailment(Protocol):
    """Safe to call from any thread."""

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> Probabilities:
        """For pairs of a source and a statement, (len(pairs),), that the first entails the
        other, from 0 to 1; what is longer than the model takes is cut."""


class FakeEntailment:
    """1 where the source has all the statement's words, else 0. No weights: for tests."""

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> Probabilities:
        held = [set(_words(said)) <= set(_words(source)) for source, said in pairs]
        return np.array(held, np.float64)


def _words(text: str) -> list[str]:
    return [word.strip(".,:;!?") for word in text.lower().split()]


def load_entailment(ref: str, models_dir: Path) -> Entailment:
    """The model of a folder, `package:NAME` or hub name, kept by the process once loaded.

    It takes some seconds and PyTorch. Raises ModelMissing.
    """
    with _loading:
        return _load(ref, models_dir, os.getpid())


_loading = Lock()


@lru_cache(maxsize=1)
def _load(ref: str, models_dir: Path, process: int) -> Entailment:
    """`process` is its id: threads of the library do not come along through a fork."""
    if ref == FAKE:
        return FakeEntailment()
    home = folder(ref, models_dir)
    module = importlib.import_module(".torch_encoder", __package__)
    loaded: Entailment = module.TorchEntailment(home)
    return loaded
