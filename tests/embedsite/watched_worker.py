"""A real Celery worker whose encoder notes each text that it is given.

    python -m tests.embedsite.watched_worker FILE SECONDS CELERY-WORDS...

FILE gets a line per text, its digest, before the texts are encoded. SECONDS is how long each
text takes, so that a test can stop things in the middle of a batch.
"""

import hashlib
import os
import sys
import time
from collections.abc import Sequence

import django
import numpy as np

from embedsite.celery import app

django.setup()

from collections_app import encoders, vectors  # noqa: E402
from collections_app.models import EmbeddingModel  # noqa: E402


class NotingEncoder:
    """The model's own encoder, which first writes down what it is asked."""

    def __init__(self, encoder: encoders.Encoder, path: str, seconds: float) -> None:
        self._encoder = encoder
        self._path = path
        self._seconds = seconds

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        digests = [hashlib.sha256(text.encode()).hexdigest() + "\n" for text in texts]
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, "".join(digests).encode())
        os.close(handle)
        time.sleep(self._seconds * len(texts))
        return self._encoder.encode(texts)


def main(path: str, seconds: float, words: list[str]) -> None:
    load = vectors.encoder

    def noting(model: EmbeddingModel) -> NotingEncoder:
        return NotingEncoder(load(model), path, seconds)

    vectors.encoder = noting  # the worker's children are forked from this process
    app.start(words)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
