"""What the ingest tests share."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from django.db import connection

from collections_app import vectors
from collections_app.models import EmbeddingModel


class WatchedEncoder:
    """The model's own encoder; keeps what it was given and fails on what a test names."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.calls = 0
        self.fails_on: str | None = None
        self.scale = 1.0
        self.meanwhile: Callable[[], object] = lambda: None
        self._load = vectors.encoder

    def load(self, model: EmbeddingModel) -> "WatchedEncoder":
        self._encoder = self._load(model)
        return self

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.calls += 1
        if self.fails_on is not None and any(self.fails_on in text for text in texts):
            raise RuntimeError(f"cannot take {self.fails_on}")
        self.texts += texts
        self.meanwhile()
        connection.close()  # this thread's own
        return self.scale * self._encoder.encode(list(texts))


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> WatchedEncoder:
    watched = WatchedEncoder()
    monkeypatch.setattr(vectors, "encoder", watched.load)
    return watched


@pytest.fixture
def media(settings, tmp_path: Path) -> Path:
    """A MEDIA_ROOT of the test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT
