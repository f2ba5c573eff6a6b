"""How well each of a few texts answers a query, read together with it by a cross-encoder."""

import importlib
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .folder import PACKAGE, folder
from .spec import ModelMissing

FAKE = "fake"
KEPT = 2  # rerankers in one process

Scores = NDArray[np.float64]


class Reranker(Protocol):
    """Safe to call from any thread."""

    def scores(self, query: str, texts: Sequence[str]) -> Scores:
        """(len(texts),), from 0 to 1; what is longer than the model takes is cut."""


class FakeReranker:
    """The share of the query's words that a text has. No weights: for tests."""

    def scores(self, query: str, texts: Sequence[str]) -> Scores:
        words = set(query.lower().split())
        held = [len(words.intersection(text.lower().split())) for text in texts]
        return np.array(held, np.float64) / max(1, len(words))


def load_reranker(ref: str, models_dir: Path) -> Reranker:
    """The cross-encoder of a folder, `package:NAME` or hub name, once per process.

    It takes some seconds and PyTorch. Raises ModelMissing.
    """
    with _loading:  # or threads that come at once would each load it
        return _load(ref, models_dir, os.getpid())


def missing_reranker(ref: str, models_dir: Path) -> str:
    """Why it cannot be there, by a look at its folder; empty where only loading would tell."""
    if not (ref.startswith(PACKAGE) or Path(ref).is_absolute()):
        return ""  # a hub may have it
    try:
        folder(ref, models_dir)
    except ModelMissing as error:
        return str(error)
    return ""


_loading = Lock()


@lru_cache(maxsize=KEPT)
def _load(ref: str, models_dir: Path, process: int) -> Reranker:
    """`process` is its id: threads of the library do not come along through a fork."""
    if ref == FAKE:
        return FakeReranker()
    home = folder(ref, models_dir)
    module = importlib.import_module(".torch_encoder", __package__)
    reranker: Reranker = module.TorchReranker(home)
    return reranker
